"""The read-back sheet: everything on the page, nothing cut off, text as text, in both kinds of file."""

from __future__ import annotations

import io
import re
from html import unescape
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from pacerail.cli.plan import plan as plan_command
from pacerail.errors import InputError
from pacerail.model.plan import Plan
from pacerail.model.planfile import load_plan
from pacerail.model.railfile import load_rail
from pacerail.model.track import Track, standard_track
from pacerail.readback import wave_lines
from pacerail.resources import folder
from pacerail.sheet.canvas import PAGE_H_MM, PAGE_W_MM, Circle, Page, Rect, Text, dashed, wrapped
from pacerail.sheet.canvas import Path as Line
from pacerail.sheet.content import DASHES_MM, glow_of, ink_of, sheet_of, split_rows
from pacerail.sheet.fonts import BOLD, REGULAR, Faces, faces_for, joined_script, shipped
from pacerail.sheet.page import lay_out
from pacerail.sheet.picture import pace_s, point
from pacerail.sheet.write import sheet_bytes

TRACK = standard_track()
PLAN = load_plan("breaking4-3-59", TRACK)
SHIPPED = sorted(path.stem for path in folder("plans").glob("*.toml"))
EDGE_MM = 8.0
steady = settings(derandomize=True, deadline=None, max_examples=60)


def pages_of(plan: Plan, track: Track = TRACK, every_m: int | None = None) -> list[Page]:
    sheet = sheet_of(plan, track, every_m)
    return lay_out(sheet, faces_for(sheet.all_text, []))


def texts(pages: list[Page]) -> list[Text]:
    return [shape for page in pages for shape in page.shapes if isinstance(shape, Text)]


def left_mm(text: Text) -> float:
    return text.x_mm - {"start": 0.0, "middle": 0.5, "end": 1.0}[text.anchor] * text.width_mm


def check_page(page: Page) -> None:
    """Nothing reaches beyond the page, no two texts of one line touch, and every width is that of the font."""
    for shape in page.shapes:
        match shape:
            case Text():
                box = (left_mm(shape), shape.y_mm, left_mm(shape) + shape.width_mm, shape.y_mm)
                assert shape.width_mm == pytest.approx(
                    page.faces.width_mm(shape.text, shape.size_pt, bold=shape.bold), rel=1e-6
                )
                assert shape.size_pt >= 4.0, shape
            case Line():
                xs, ys = zip(*shape.points, strict=True)
                box = (min(xs), min(ys), max(xs), max(ys))
            case Rect():
                box = (shape.x_mm, shape.y_mm, shape.x_mm + shape.w_mm, shape.y_mm + shape.h_mm)
            case Circle():
                r = shape.radius_mm
                box = (shape.x_mm - r, shape.y_mm - r, shape.x_mm + r, shape.y_mm + r)
        assert box[0] >= EDGE_MM and box[1] >= EDGE_MM - 2, shape
        assert box[2] <= PAGE_W_MM - EDGE_MM and box[3] <= PAGE_H_MM - EDGE_MM + 2, shape
    # letters in rings may stand in a curve's way; words and figures never in each other's
    words = [shape for shape in page.shapes if isinstance(shape, Text) and len(shape.text) > 1]
    lines: dict[float, list[Text]] = {}
    for text in words:
        lines.setdefault(round(text.y_mm, 2), []).append(text)
    for line in lines.values():
        for one, other in pairwise(sorted(line, key=left_mm)):
            assert left_mm(one) + one.width_mm <= left_mm(other) + 0.01, (one, other)


def many(tmp_path: Path, count: int, distance: str = "10,000 m", name: str = "a light whose name has 30 let") -> Plan:
    path = tmp_path / "many.toml"
    colours = ["#00ff40", "#ffffff", "#ff0000", "#0040ff", "#ffa000", "#ff2060", "#00ffff", "#8000ff"]
    waves = "".join(
        f'[[wave]]\nname = "{name}{i:x}"\ncolour = "{colours[i % 8][:6]}{i:x}"\ntarget = "{27 + i // 6}:{i % 6}0.55"\n'
        f"ahead_m = {i * 1.5}\nvisible = [[400, 800], [1200, 1600]]\n"
        for i in range(count)
    )
    path.write_text(f'title = "{"long title " * 9}"\ndistance = "{distance}"\n{waves}', encoding="utf-8")
    return load_plan(path, TRACK)


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize("rail", ["default-400", "indoor-200"])
def test_every_shipped_plan_is_one_page(name: str, rail: str) -> None:
    track = load_rail(rail).track
    pages = pages_of(load_plan(name, track), track)
    assert len(pages) == 1
    check_page(pages[0])


@pytest.mark.parametrize("every_m", [100, 200, 400])
def test_ten_thousand_metres_are_one_page_at_every_step(every_m: int) -> None:
    pages = pages_of(load_plan("10000m-27-00", TRACK), every_m=every_m)
    assert len(pages) == 1
    check_page(pages[0])
    labels = {text.text for text in texts(pages)}
    assert {f"{at_m}" for at_m in range(every_m, 9600, every_m)} <= labels
    assert {"finish 10000", "bell 9600", "27:00.00", "26:11.00"} <= labels


@pytest.mark.parametrize("count", [1, 4, 5, 8, 16])
def test_many_lights_with_long_names(tmp_path: Path, count: int) -> None:
    """Nothing is lost: every split of every light stands there, on as many pages as it takes, each with the hash."""
    plan = many(tmp_path, count)
    pages = pages_of(plan, every_m=100)
    for i, page in enumerate(pages):
        check_page(page)
        said = {shape.text for shape in page.shapes if isinstance(shape, Text)}
        assert f"page {i + 1} of {len(pages)}" in said and any(plan.hash in text for text in said)
    said = [text.text for text in texts(pages)]
    for row in split_rows(plan, TRACK, 100):
        for time in row.times:
            assert time in said
    for wave in plan.waves:
        assert wave.name in said  # in the words beside its letter, whole
    assert sum(text == "Read back by" for text in said) == 1


def test_the_splits_are_those_of_the_lights() -> None:
    """The target: 100 / 6.705879 = 14.91; 1200 m 2:58.95; the bell at 1609.344 - 399.999 m."""
    rows = {row.label: row for row in split_rows(PLAN, TRACK, 100)}
    assert list(rows)[:2] == ["100", "200"] and list(rows)[-1] == "finish 1609.344"
    assert rows["100"].times == ("14.91", "15.50", "14.46")
    assert rows["1200"].times == ("2:58.95", "3:06.80", "2:58.50")
    assert rows["bell 1209.34"].times[0] == "3:00.34"
    assert rows["finish 1609.344"].times == ("3:59.99", "4:07.64", "3:59.54")
    assert [row.label for row in split_rows(PLAN, TRACK, 400)] == ["400", "800", "1200", "bell 1209.34", "1600",
                                                                   "finish 1609.344"]  # fmt: skip


def test_the_finish_of_every_light_is_never_lost_to_rounding(tmp_path: Path) -> None:
    for target in range(200, 300):
        path = tmp_path / "p.toml"
        path.write_text(
            f'distance = "1 mile"\n[[wave]]\nname = "a"\ncolour = "red"\ntarget = {target}.37\nahead_m = 10\n'
        )
        plan = load_plan(path, TRACK)
        assert split_rows(plan, TRACK, 400)[-1].times != ("-",)


def test_a_light_that_steps_off_has_its_end_in_the_table(tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    path.write_text('distance = 1500\n[[wave]]\nname = "a"\ncolour = "red"\ntarget = "4:00"\nends_at = 850\n')
    rows = {row.label: row.times for row in split_rows(load_plan(path, TRACK), TRACK, 400)}
    assert rows == {"400": ("1:04.00",), "800": ("2:08.00",), "850": ("2:16.00",), "bell 1100": ("-",), "1200": ("-",),
                    "finish 1500": ("-",)}  # fmt: skip


def test_groups_stand_there_in_their_own_time() -> None:
    """Runs of 400 m in 62, 68 and 75 with a rest behind each; lit on the start line until an order begins them."""
    sheet = sheet_of(load_plan("training-3-groups", TRACK), TRACK)
    assert {row.label: row.times for row in sheet.rows}["400"] == ("1:02.00", "1:08.00", "1:15.00")
    assert "begins each group" in sheet.times and all(light.lit_at_gun for light in sheet.lights)
    assert sheet.lights[0].headline == "red, 13:42.00"


def test_lights_are_told_apart_without_colour(tmp_path: Path) -> None:
    """By letter, by name, by the kind of line; and every line is dark enough for paper."""
    sheet = sheet_of(many(tmp_path, 8), TRACK)
    assert [light.letter for light in sheet.lights] == list("ABCDEFGH")
    assert len({light.dash_mm for light in sheet.lights}) == 8 == len(DASHES_MM)
    assert ink_of((255, 255, 255)) != "#ffffff" and glow_of((128, 128, 128)) == "#ffffff"
    for colour in ((255, 255, 255), (0, 255, 64), (255, 160, 0), (0, 0, 255), (1, 0, 0)):
        red, green, blue = (int(ink_of(colour)[i : i + 2], 16) / 255 for i in (1, 3, 5))
        linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in (red, green, blue)]
        luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
        assert 1.05 / (luminance + 0.05) >= 4.0


def test_the_words_are_those_of_the_read_back() -> None:
    said = " ".join(text.text for text in texts(pages_of(PLAN)))
    for wave in PLAN.waves:
        assert wave_lines(wave, PLAN, TRACK)[0] in said
    for part in ("Start 9.35 m before the finish line, end on the finish line.", "from the top: A, B, C.",
                 "Date", "Place", "Athlete", "signature, time", "Read back by"):  # fmt: skip
        assert part in said


def test_the_hash_is_big_and_in_fours() -> None:
    big = [text.text for text in texts(pages_of(PLAN)) if text.size_pt >= 20 and len(text.text) == 4]
    assert "".join(big) == PLAN.hash


def test_the_pace_of_the_curves() -> None:
    """Even pace is flat at 59.65; a rest and the first metres from a standing start are no pace."""
    _, paces = pace_s(PLAN.waves[0], PLAN.distance_m)
    assert min(paces) == pytest.approx(59.649, abs=0.001) and max(paces) == pytest.approx(59.649, abs=0.001)
    training = load_plan("training-10x400", TRACK)
    at_m, paces = pace_s(training.waves[0], training.distance_m)
    runs = paces[paces == paces]
    assert len(runs) < len(at_m)
    # a standing start costs half its ramp of 3 s: 400 m in 64 are run at 400 / (64 - 1.5) + ..., about 62.5 to 63
    assert 57 - 1 < runs.min() < 58 and 62 < runs.max() < 64.1


def test_the_picture_of_the_track_is_to_scale() -> None:
    """The running line of the standard track: 84.389 m straights, 36.80 m bends, finish line at 0."""
    around = [point(TRACK, at_m) for at_m in range(0, 400, 5)]
    xs, ys = [x for x, _ in around], [y for _, y in around]
    assert max(ys) - min(ys) == pytest.approx(73.6, abs=0.2) and max(xs) - min(xs) == pytest.approx(157.99, abs=0.2)
    assert point(TRACK, 0.0) == (pytest.approx(0), pytest.approx(-0.3))
    assert point(TRACK, TRACK.lap_m - 10) == (pytest.approx(-10, abs=0.01), pytest.approx(-0.3, abs=0.01))


# the files


def pdf_text(data: bytes) -> tuple[int, str]:
    reader = PdfReader(io.BytesIO(data))
    return len(reader.pages), " ".join(page.extract_text() for page in reader.pages)


def test_the_pdf_has_its_text_as_text() -> None:
    data = sheet_bytes(PLAN, TRACK, ".pdf")
    count, said = pdf_text(data)
    assert count == 1 and sheet_bytes(PLAN, TRACK, ".pdf") == data
    for word in ("Breaking4: 3:59.99", "2:58.95", "green (target) runs 3:59.99", "Light operator", *[PLAN.hash]):
        assert word in said
    box = PdfReader(io.BytesIO(data)).pages[0].mediabox
    assert (float(box.width), float(box.height)) == (pytest.approx(595.28, abs=0.1), pytest.approx(841.89, abs=0.1))


def test_names_with_accents_need_no_font_of_the_computer(tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    path.write_text(
        'title = "Čeruiyot, Ωμέγα, Быстрый"\ndistance = 1500\n[[wave]]\nname = "Ngũgĩ Ağaoğlu"\ncolour = "red"\n'
        'target = "3:40"\n',
        encoding="utf-8",
    )
    plan = load_plan(path, TRACK)
    assert faces_for(plan.title + plan.waves[0].name, []).others == ()
    assert faces_for(plan.title, []).lacking(plan.title) == ""
    _, said = pdf_text(sheet_bytes(plan, TRACK, ".pdf"))
    assert "Čeruiyot, Ωμέγα, Быстрый" in said and "Ngũgĩ Ağaoğlu" in said


def test_other_writing_takes_a_font_of_the_computer(tmp_path: Path) -> None:
    """Here: one cut to Latin letters does not do, one with the letters is found; without any it is said which lack."""
    assert Faces().lacking("日本 Čeruiyot 日") == "日本"
    assert faces_for("日本", []).lacking("日本") == "日本"
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    (tmp_path / "latin.ttf").write_bytes(REGULAR.read_bytes())
    assert faces_for("日本", [tmp_path]).others == ()
    assert Faces((shipped(),)).runs("aß") == [(-1, "aß")]
    assert joined_script("سباق x") and not joined_script("日本 Čeruiyot")


def test_letters_that_no_font_has_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    plan, out = tmp_path / "p.toml", tmp_path / "s.pdf"
    plan.write_text('title = "سباق"\ndistance = 1500\n[[wave]]\nname = "a"\ncolour = "red"\ntarget = "3:40"\n', "utf-8")
    error = run(str(plan), "-o", str(out)).exception
    assert isinstance(error, InputError) and "cannot join the letters" in error.messages[0] and not out.exists()
    assert run(str(plan), "-o", str(tmp_path / "s.html")).exit_code == 0
    assert "سباق" in (tmp_path / "s.html").read_text("utf-8")


def test_the_html_is_one_file_that_loads_nothing(tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    path.write_text(
        'title = "<script>alert(1)</script> & \\"x\\" 日本"\ndistance = 1500\n[[wave]]\nname = "</text>&"\n'
        'colour = "red"\ntarget = "3:40"\n',
        encoding="utf-8",
    )
    text = sheet_bytes(load_plan(path, TRACK), TRACK, ".html").decode()
    assert "<script" not in text and "</text>&" not in text
    assert "</text>&" in unescape(text) and "日本" in text
    rest = re.sub(r'src: url\("data:font/ttf;base64,[A-Za-z0-9+/=]*"\)', "", text)
    assert rest.count("data:") == 0 and text != rest
    assert re.findall(r"https?://[^\"]*|url\(|src=|href=|@import|<link", rest) == ["http://www.w3.org/2000/svg"]
    assert text.count("<svg") == text.count("</svg>") == 1
    assert re.search(r'textLength="[0-9.]+"[^>]*>[^<]*日本', text)


def test_both_files_have_the_same_words() -> None:
    drawn = [text.text for text in texts(pages_of(PLAN))]
    html = sheet_bytes(PLAN, TRACK, ".html").decode()
    assert [unescape(text) for text in re.findall(r"<text[^>]*>([^<]*)</text>", html)] == drawn


# the command


def run(*args: str) -> Result:
    return CliRunner().invoke(plan_command, ["sheet", *args])


@pytest.mark.parametrize("suffix", [".pdf", ".html", ".PDF"])
def test_the_command_writes_a_file(tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"sheet{suffix}"
    result = run("breaking4-3-59", "-o", str(out), "--every", "200", "--rail", "indoor-200")
    assert result.exit_code == 0 and result.stdout == ""
    assert result.stderr == f"{out}: written, plan {PLAN.hash}\n"
    data = out.read_bytes()
    said = pdf_text(data)[1] if suffix.lower() == ".pdf" else data.decode()
    assert "indoor-200" in said and "Splits every 200 m" in said


def refused(*args: str) -> str:
    error = run(*args).exception
    assert isinstance(error, InputError) and len(error.messages) == 1 and "expected" in error.messages[0]
    return error.messages[0]


def test_what_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    assert "expected a name that ends in .pdf or .html" in refused("breaking4-3-59", "-o", str(tmp_path / "s.txt"))
    assert "cannot be written" in refused("breaking4-3-59", "-o", str(tmp_path / "no" / "s.pdf"))
    (tmp_path / "d.pdf").mkdir()
    assert "cannot be written" in refused("breaking4-3-59", "-o", str(tmp_path / "d.pdf"))
    assert "no such file" in refused("no-such-plan", "-o", str(tmp_path / "s.pdf"))
    assert not (tmp_path / "s.pdf").exists()
    assert run("breaking4-3-59").exit_code == 2


def test_the_plan_itself_is_never_overwritten(tmp_path: Path) -> None:
    """Not even one that is called like a sheet, or reached by a link."""
    mine = tmp_path / "mine.pdf"
    mine.write_text((folder("plans") / "breaking4-3-59.toml").read_text())
    before = mine.read_bytes()
    assert "would overwrite" in refused(str(mine), "-o", str(mine))
    (tmp_path / "link.pdf").symlink_to(mine)
    assert "would overwrite" in refused(str(mine), "-o", str(tmp_path / "link.pdf"))
    assert mine.read_bytes() == before


# the parts


@steady
@given(st.text(st.sampled_from("ab cČ日 1m"), max_size=80), st.floats(5, 60), st.booleans())
def test_wrapped_text_keeps_every_letter_and_its_width(text: str, most_mm: float, bold: bool) -> None:
    lines = wrapped(Faces(), text, 9.0, most_mm, bold=bold)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(Faces().width_mm(line, 9.0, bold=bold) <= most_mm + 1e-9 for line in lines)


@steady
@given(
    st.lists(st.tuples(st.floats(0, 50), st.floats(0, 50)), min_size=2, max_size=8),
    st.sampled_from(DASHES_MM),
)
def test_dashes_cover_their_share_of_the_way(points: list[tuple[float, float]], dash_mm: tuple[float, ...]) -> None:
    def length_mm(line: list[tuple[float, float]]) -> float:
        return sum(((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2) ** 0.5 for a, b in pairwise(line))

    whole_mm = length_mm(points)
    drawn_mm = sum(length_mm(stroke) for stroke in dashed(points, dash_mm))
    share = sum(dash_mm[::2]) / sum(dash_mm) if dash_mm else 1.0
    assert abs(drawn_mm - share * whole_mm) <= (sum(dash_mm) if dash_mm else 1e-6)


def test_the_shipped_fonts_and_their_licence_are_there() -> None:
    assert all(shipped().has(letter) for letter in "AZaz09:.-+()ßÆøŁżŞğΩяŵ")
    assert {shipped().widths[ord(digit)] for digit in "0123456789"} == {0.572}  # figures of one width: columns align
    assert "SIL OPEN FONT LICENSE" in (REGULAR.parent / "OFL.txt").read_text() and BOLD.is_file()
