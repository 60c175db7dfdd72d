"""The walk along the rail with boards and a person that a test plays: several outputs, boards that go, even rails."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pacerail.board import Identity, Status
from pacerail.boards.candidates import Candidate
from pacerail.boards.probe import Found
from pacerail.boards.survey import Survey
from pacerail.errors import RailError
from pacerail.model.railfile import load_rail
from pacerail.shows import Show
from pacerail_node import shows as node_shows


class Played:
    """Boards that note what they show, and a person who gives these answers."""

    def __init__(self, answers: Iterable[str], gone: str = "") -> None:
        self.answers = list(answers)
        self.gone = gone
        self.shown: list[tuple[str, int, tuple[int, ...]]] = []
        self.said: list[str] = []

    def show(self, found: Found, show: Show) -> None:
        if found.port == self.gone and show.kind == node_shows.CHASE:
            raise RailError("no answer in 5 tries of 0.25 s")
        self.shown.append((found.port, show.kind, show.outputs))

    def status(self, found: Found) -> Status:
        raise AssertionError("nobody asks")

    def line(self, question: str, default: str = "") -> str:
        self.said.append(question)
        return self.answers.pop(0) or default

    def say(self, words: str) -> None:
        self.said.append(words)


def found(port: str, name: str, *leds: int) -> Found:
    """A board that answered."""
    said = Identity(1, "0.1.0", name, f"id-{name}", "sim", 1, leds)
    return Found(Candidate(port, port, None, "pico", True), "board", "", said)


def test_each_output_has_its_own_stretch_and_direction(tmp_path: Path) -> None:
    path = tmp_path / "r.toml"
    played = Played(["90 to 398.1143", "nonsense", "0-90", "n", "y", "y", "", "n", "4"])
    walk = Survey(path, played, played)
    assert walk.walk([found("/dev/a", "b01", 100, 30)])
    assert played.answers == [] and walk.open_questions() == []
    (board,) = load_rail(path).boards
    assert [(o.leds, o.from_m, round(o.length_m, 2), o.reverse, o.dead) for o in board.outputs] == [
        (100, 90.0, 308.11, True, ()), (30, 0.0, 90.0, False, (4,)),
    ]  # fmt: skip
    kinds = [(kind, outputs) for _, kind, outputs in played.shown]
    assert kinds == [
        (node_shows.BLINK, ()), (node_shows.CHASE, (0,)), (node_shows.CHASE, (1,)), (node_shows.TENTHS, (0,)),
        (node_shows.SOLID, (0,)), (node_shows.TENTHS, (1,)), (node_shows.SOLID, (1,)), (node_shows.OFF, ()),
    ]  # fmt: skip
    assert any("10 lights, with 9 dark LEDs behind the last" in words for words in played.said)
    assert any("has not the 30 LEDs" in words for words in played.said)


def test_a_board_that_goes_does_not_end_the_walk(tmp_path: Path) -> None:
    path = tmp_path / "r.toml"
    path.write_text('title = "two"\n[even]\nboards = 2 # so many\nleds = 30\n')
    boards = [found("/dev/a", "b01", 30), found("/dev/b", "b02", 30)]
    played = Played(["", "s"], gone="/dev/a")
    walk = Survey(path, played, played)
    assert walk.walk(boards)
    assert any("/dev/a: no answer" in words for words in played.said)
    assert walk.open_questions() == ["b01: not surveyed: direction, LEDs", "b02: not surveyed: place, direction, LEDs"]
    assert (tmp_path / "r.toml.before-survey").read_text().endswith("leds = 30\n")
    played = Played(["y", "y", "", "b01", "n", "b02", "y", "y", "1 2"])
    walk = Survey(path, played, played)
    assert walk.walk(boards) and walk.open_questions() == []
    assert any("b01 has id id-b01 so far" in words for words in played.said)
    assert [(b.uid, b.outputs[0].dead) for b in load_rail(path).boards] == [("id-b01", ()), ("id-b02", (1, 2))]
    played = Played(["b01", "q"])
    assert not Survey(path, played, played).walk(boards, again=True)
    assert any("left; what was answered is saved" in words for words in played.said)


def test_a_board_for_other_leds_is_told_from_the_file(tmp_path: Path) -> None:
    path = tmp_path / "r.toml"
    path.write_text(
        '[[board]]\nname = "b01"\n[[board.output]]\nleds = 30\nfrom_m = 0\nto_m = 398.114\ndead = [3, 29]\n'
    )
    played = Played(["b01", "s"])
    assert Survey(path, played, played).walk([found("/dev/a", "x", 10, 20)])
    assert any("has 1 outputs in the file, this board drives 2" in words for words in played.said)
    played = Played(["b01", "y", "y", ""])
    assert Survey(path, played, played).walk([found("/dev/a", "x", 20)])
    output = load_rail(path).boards[0].outputs[0]
    assert (output.leds, output.dead, round(output.length_m, 2)) == (20, (3,), 398.11)
