"""docs/plans.md and docs/rails.md: every key is there with an example, and their examples are right."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pacerail.model import outputfile, planfile, railfile, stretchfile, trackfile, wavefile
from pacerail.model.planfile import load_plan
from pacerail.model.track import standard_track

DOCS = Path(__file__).parents[2] / "docs"
PLANS = (DOCS / "plans.md").read_text(encoding="utf-8")
RAILS = (DOCS / "rails.md").read_text(encoding="utf-8")


def undocumented(text: str, keys: tuple[str, ...]) -> list[str]:
    """Keys without a mention in code or without an example of use."""
    return [key for key in keys if not re.search(rf"(\b{key} *= |\[\[(board\.)?{key}\]\]|\[{key}\])", text)]


def test_every_key_of_a_plan_has_an_example() -> None:
    keys = planfile.KEYS + wavefile.KEYS + stretchfile.RUN_KEYS + stretchfile.GROUP_KEYS
    assert undocumented(PLANS, keys) == []
    assert undocumented(PLANS, ("nonsense",)) == ["nonsense"]


def test_every_key_of_a_rail_or_a_track_has_an_example() -> None:
    keys = railfile.KEYS + railfile.EVEN_KEYS + railfile.BOARD_KEYS + outputfile.OUTPUT_KEYS
    assert undocumented(RAILS, keys + trackfile.KEYS + trackfile.STRAIGHT_KEYS + trackfile.ARC_KEYS) == []


@pytest.mark.parametrize("pacing", re.findall(r"```toml\n((?:splits|paces|target|stretches) .*?)```", PLANS, re.DOTALL))
def test_the_examples_of_paces_are_plans(tmp_path: Path, pacing: str) -> None:
    path = tmp_path / "p.toml"
    distance = "" if pacing.startswith("stretches") else 'distance = "1 mile"\n'
    path.write_text(f'{distance}[[wave]]\nname = "a"\ncolour = "red"\n{pacing}')
    assert load_plan(path, standard_track()).warnings == ()


EXAMPLES = re.findall(
    r"^\| `(?!name|colour)\w+`.*`(\w+ = [^`]+)` \|$", PLANS.split("## Keys of a wave")[1], re.MULTILINE
)


@pytest.mark.parametrize("example", [*EXAMPLES, *re.findall(r"^visible = .*$", PLANS, re.MULTILINE)])
def test_the_examples_of_a_wave_are_plans(tmp_path: Path, example: str) -> None:
    only_with = {
        "hold_s": 'at_finish = "hold"\n',
        "run_on_m": 'at_finish = "run on"\n',
        "waits": 'starts = "order"\n',
    }
    needed = only_with.get(example.split(" ")[0], "")
    path = tmp_path / "p.toml"
    text = f'distance = "1 mile"\n[[wave]]\nname = "a"\ncolour = "red"\ntarget = "5:00"\n{needed}{example}\n'
    path.write_text(text)
    assert load_plan(path, standard_track()).waves[0].name == "a"


def test_the_long_rail_example_is_a_rail(tmp_path: Path) -> None:
    text = next(block for block in re.findall(r"```toml\n(.*?)```", RAILS, re.DOTALL) if "[[board]]" in block)
    path = tmp_path / "r.toml"
    path.write_text(text.replace("tracks/our-stadium.toml", "standard-400"))
    rail = railfile.load_rail(path)
    assert len(rail.leds) == 600 + 601 - 2
    assert rail.leds_of(0)[0].pixel == 599
