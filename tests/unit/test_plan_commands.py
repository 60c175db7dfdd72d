"""The plan commands: what goes to standard output, what to standard error, and the exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from pacerail.cli.plan import plan
from pacerail.errors import InputError
from pacerail.model.planfile import load_plan
from pacerail.model.track import standard_track


def run(*words: str) -> Result:
    return CliRunner().invoke(plan, list(words))


def as_json(*words: str) -> Any:
    result = run(*words, "--json")
    assert result.exit_code == 0 and result.stderr == ""
    return json.loads(result.stdout)


def test_check_says_ok_and_the_hash() -> None:
    result = run("check", "breaking4-3-59")
    assert result.exit_code == 0
    assert result.stdout == f"breaking4-3-59: ok, plan {load_plan('breaking4-3-59', standard_track()).hash}\n"


def test_check_raises_what_exits_with_2() -> None:
    result = run("check", "no-such-plan")
    assert isinstance(result.exception, InputError) and result.stdout == ""


def test_warnings_go_to_standard_error(tmp_path: Path) -> None:
    path = tmp_path / "fast.toml"
    path.write_text('distance = 1500\n[[wave]]\nname = "a"\ncolour = "red"\ntarget = "3:00"\n')
    result = run("check", str(path))
    assert result.exit_code == 0
    assert "ok, plan" in result.stdout and "(warning)" not in result.stdout
    assert result.stderr.startswith(f"{path}:5: target: 1500 m in 180 s is 8.33 m/s, faster than anyone has run")


def test_show_json_is_the_contract() -> None:
    found = as_json("show", "breaking4-3-59")
    assert list(found) == ["title", "distance_m", "hash", "waves"]
    assert [list(wave) for wave in found["waves"]] == [["name", "colour", "finish_s", "splits"]] * 3
    target = found["waves"][0]
    assert (target["name"], target["colour"], target["finish_s"]) == ("target", "#00ff40", 239.99)
    assert [split["distance_m"] for split in target["splits"]] == [400, 800, 1200, 1600, 1609.344]
    assert [split["time_s"] for split in target["splits"]] == pytest.approx(
        [59.65, 119.30, 178.95, 238.60, 239.99], abs=0.01
    )
    record = found["waves"][1]
    assert len(record["splits"]) == 17 and record["splits"][3] == {"distance_m": 400, "time_s": 62.6}


def test_at_json_is_the_contract() -> None:
    found = as_json("at", "breaking4-3-59", "--time", "60")
    assert list(found) == ["time_s", "waves"] and found["time_s"] == 60
    target = found["waves"][0]
    assert list(target) == ["name", "distance_m", "track_m", "kerb_m", "speed_mps", "visible"]
    assert target["distance_m"] == pytest.approx(402.353, abs=0.002)
    assert target["track_m"] == pytest.approx(393.005, abs=0.002)
    assert target["kerb_m"] == pytest.approx(391.121, abs=0.002)
    assert target["visible"] is True


def test_at_takes_times_as_people_write_them() -> None:
    assert as_json("at", "breaking4-3-59", "--time", "3:01.84") == as_json("at", "breaking4-3-59", "--time", "181.84")
    error = run("at", "breaking4-3-59", "--time", "soon").exception
    assert isinstance(error, InputError) and error.messages[0].startswith('--time: "soon" is not a time; expected')


def test_the_rail_names_the_track() -> None:
    here = as_json("at", "breaking4-3-59", "--time", "60", "--rail", "indoor-200")["waves"][0]
    assert here["distance_m"] == pytest.approx(402.353, abs=0.001)
    assert here["track_m"] == pytest.approx(193.005, abs=0.005)


def test_tables_for_people() -> None:
    shown = run("show", "breaking4-3-59").stdout
    for word in ("target", "record", "lead", "1 mile", "3:59.99", "4:07.64", "2:58.95"):
        assert word in shown
    placed = run("at", "breaking4-3-59", "--time", "60").stdout
    for word in ("target", "402.353", "393.006", "391.121", "6.706", "yes"):
        assert word in placed


def test_read_back_in_plain_words() -> None:
    words = run("read", "breaking4-3-59").stdout
    for part in (
        "1 mile on standard-400",
        "green (target) runs 3:59.99, 59.65 a lap, from the 1 mile start, 9.35 m before the finish line",
        "red (record) runs 4:07.64, between",
        "100 m 15.50, 200 m 31.60",
        "blue (lead) runs 3:59.54",
        "3 m ahead of its own profile",
        "End: on the finish line",
        "from the top: green (target), red (record), blue (lead)",
        load_plan("breaking4-3-59", standard_track()).hash,
    ):
        assert part in words, part


def test_read_back_of_windows_rests_and_early_ends(tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    path.write_text(
        'distance = 1600\nstart_m = 100\n[[wave]]\nname = "a"\ncolour = "red"\ntarget = "5:20"\nends_at = 800\n'
        'visible = ["1:00", "2:00"]\nstart = "standing"\n'
    )
    words = run("read", str(path)).stdout
    assert (
        "red (a) runs 2:40.50 for 800 m, 1:19.75 a lap, from the stated start, 100.00 m past the finish line" in words
    )
    assert "Lit only from 1:00.00 (head at" in words and "from a standing start" in words
    assert "with 10 rests, 10:00 in all" in run("read", "training-10x400").stdout


def test_a_new_plan_passes_check(tmp_path: Path) -> None:
    path = tmp_path / "new.toml"
    for target, distance in (("3:59.99", "1 mile"), ("27:00", "10,000 m"), ("1:41.337", "800"), ("4:00", "1760 yd")):
        assert run("new", target, distance, "-o", str(path), "--force").exit_code == 0
        checked = run("check", str(path))
        assert checked.exit_code == 0 and checked.stderr == ""
    text = path.read_text()
    enabled = "\n".join(line.removeprefix("# ") for line in text.split("away.\n")[1].splitlines())
    path.write_text(text + enabled)
    assert [wave.name for wave in load_plan(path, standard_track()).waves] == ["target", "lead"]


def test_a_new_plan_runs_what_was_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "new.toml"
    run("new", "1:41.337", "800 m", "-o", str(path))
    made = load_plan(path, standard_track())
    assert (made.distance_m, made.waves[0].finish_s) == (800.0, pytest.approx(101.337, abs=1e-9))


def test_a_new_plan_goes_to_standard_output_or_to_a_new_file_only(tmp_path: Path) -> None:
    path = tmp_path / "new.toml"
    text = run("new", "3:59.99", "1 mile").stdout
    path.write_text("mine")
    error = run("new", "3:59.99", "1 mile", "-o", str(path)).exception
    assert isinstance(error, InputError) and error.messages[0].endswith("expected a new name, or --force")
    assert path.read_text() == "mine"
    assert run("new", "3:59.99", "1 mile", "-o", str(path), "--force").stdout == ""
    assert path.read_text() == text
    error = run("new", "3:59.99", "1 mile", "-o", str(tmp_path / "no" / "new.toml")).exception
    assert isinstance(error, InputError) and "cannot be written (No such file" in error.messages[0]


@pytest.mark.parametrize(
    ("target", "distance", "count"), [("x", "y", 2), ("0", "1 mile", 1), ("4:00", "0", 1), ("4:00", "1 lap", 1)]
)
def test_a_new_plan_of_nonsense(target: str, distance: str, count: int) -> None:
    error = run("new", target, distance).exception
    assert isinstance(error, InputError) and len(error.messages) == count
    assert all("; expected" in message for message in error.messages)


@pytest.mark.parametrize("name", ["", *plan.commands])
def test_every_help_text_has_an_example(name: str) -> None:
    words = run(*([name] if name else []), "--help").stdout
    assert "Example:" in words and "pacerail plan " in words
    assert isinstance(plan, click.Group)
