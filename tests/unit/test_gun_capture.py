"""The gun pin of RP2040 and RP2350 without the chip: the PIO program cycle by cycle, the look at its count, the choice
of a state machine."""

from __future__ import annotations

import importlib
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacerail_node.guns.pio_kernel import edge

HZ = 8_000_000
TICKS = 1 << 30


class Program:
    """PIO assembly as a list, and how it is to be run: written from the data sheet."""

    def __init__(self, function: Any, options: dict[str, Any]) -> None:
        self.code: list[tuple[str, tuple[Any, ...]]] = []
        self.labels: dict[str, int] = {}
        self.options = options
        names: dict[str, Any] = {name: self._emits(name) for name in ("set", "wait", "mov", "jmp")}
        names |= {"x": "x", "pin": "pin", "null": "null", "x_dec": "x--", "invert": lambda name: "~" + name}
        names["label"] = lambda label: self.labels.__setitem__(label, len(self.code))
        types.FunctionType(function.__code__, names, closure=function.__closure__)()

    def _emits(self, name: str) -> Callable[..., None]:
        return lambda *args: self.code.append((name, args))

    def count_at(self, levels: Iterator[int]) -> int:
        """X after as many cycles as there are levels of the pin."""
        x = at = 0
        for level in levels:
            name, args = self.code[at]
            if name == "wait":
                assert args[1:] == ("pin", 0)
                at += level == args[0]
                continue
            at += 1
            if name == "set":
                x = args[1]
            elif name == "mov":
                assert args == ("x", "~null")
                x = 0xFFFFFFFF
            else:
                assert args[0] == "x--"
                if x:
                    at = self.labels[args[1]]
                x = (x - 1) & 0xFFFFFFFF
            if at == len(self.code):
                at = 0
        return x


class Machine:
    """rp2.StateMachine: remembers."""

    def __init__(self, number: int, program: Program, **settings: Any) -> None:
        self.number, self.program, self.settings = number, program, settings
        self.did: list[Any] = []

    def active(self, on: int) -> None:
        """Run or stop."""
        self.did.append(on)

    def restart(self) -> None:
        """To the first instruction."""
        self.did.append("restart")


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module of the capture on a chip that only remembers."""
    rp2: Any = types.ModuleType("rp2")
    rp2.asm_pio = lambda **options: lambda function: Program(function, options)
    rp2.StateMachine = Machine
    monkeypatch.setitem(sys.modules, "rp2", rp2)
    monkeypatch.setattr(sys.implementation, "_machine", "Raspberry Pi Pico with RP2040", raising=False)
    monkeypatch.delitem(sys.modules, "pacerail_node.guns.pio_rp2", raising=False)
    yield importlib.import_module("pacerail_node.guns.pio_rp2")
    sys.modules.pop("pacerail_node.guns.pio_rp2", None)


@pytest.mark.parametrize("level", [0, 1])
def test_the_program_counts_from_the_edge(module: Any, level: int) -> None:
    """From a contact that was open, or closed already when it was armed; a touch of one cycle is enough."""
    program = module.program(level)
    assert len(program.code) == 5, "there is room for no more beside two programs of strips"
    assert program.options == {"autopush": True, "push_thresh": 32}
    rest, closed = 1 - level, level
    assert program.count_at(iter([rest] * 1000)) == 0
    assert program.count_at(iter([closed] * 1000)) == 0, "no edge, no gun"
    for before in ([rest] * 50, [closed] * 40 + [rest] * 10):
        for after in ([closed] * 800, [closed] + [rest] * 799, [closed, rest] * 400):
            x = program.count_at(iter(before + after))
            assert 798 <= 0xFFFFFFFF - x <= 800


class Registers:
    """The registers that `edge` sees: the timer goes on by `step_us` at every look; an edge was `age` eighths ago."""

    def __init__(self, now: int, age: int | None, steps_us: list[int], left_over: int = 0) -> None:
        self.now, self.age, self.steps_us = now, age, steps_us
        self.fifo: list[int] = [12345] * left_over
        self.looks = 0

    def read_timer(self) -> int:
        """TIMERAWL."""
        self.now = (self.now + self.steps_us[min(self.looks, len(self.steps_us) - 1)]) & 0xFFFFFFFF
        self.looks += 1
        return self.now

    def chip(self) -> list[Any]:
        """For the kernel."""
        registers = self

        class Timer:
            def __getitem__(self, index: int) -> int:
                return registers.read_timer()

        class Block:
            def __getitem__(self, index: int) -> int:
                if index == 1:
                    return 0 if registers.fifo else 0x800
                assert index == 11
                return registers.fifo.pop(0)

        class Control:
            def __setitem__(self, index: int, value: int) -> None:
                assert (index, value) == (4, 0x4020), "SMn_INSTR: in x, 32"
                registers.fifo.append(0 if registers.age is None else 0xFFFFFFFF - registers.age)

        return [Timer(), Block(), Control(), 11, 0x800]


@given(now=st.integers(0, 0xFFFFFFFF), age=st.integers(0, TICKS - 1), left_over=st.integers(0, 4))
def test_the_tick_is_so_long_ago(now: int, age: int, left_over: int) -> None:
    """Of a timer of 32 bits, as a tick of 30, whatever an earlier look has left in the FIFO."""
    registers = Registers(now, age, [1, 0], left_over)
    assert edge(registers.chip()) == (now + 1 - age // 8) % TICKS


def test_no_edge_and_no_calm_look() -> None:
    """Interrupts between the looks at the timer: once more, and not for ever."""
    assert edge(Registers(1000, None, [1]).chip()) == -1
    assert edge(Registers(1000, 80, [0, 20, 20, 0, 0]).chip()) == 1040 - 10
    assert edge(Registers(1000, 80, [20]).chip()) == -1


@pytest.mark.parametrize(
    ("machine", "outputs", "number"),
    [("Raspberry Pi Pico with RP2040", 1, 7), ("Raspberry Pi Pico with RP2040", 7, 7),
     ("Raspberry Pi Pico with RP2040", 8, -1), ("Raspberry Pi Pico 2 with RP2350", 8, 8)],
)  # fmt: skip
def test_a_state_machine_that_no_strip_uses(
    module: Any, monkeypatch: pytest.MonkeyPatch, machine: str, outputs: int, number: int
) -> None:
    """Strips take them from 0 on."""
    monkeypatch.setattr(sys.implementation, "_machine", machine, raising=False)
    assert module.free_machine(outputs) == number


def test_armed_it_starts_from_the_beginning_and_gives_each_edge_once(
    module: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And is looked at only while it is armed."""
    ticks = [-1, 4711]
    monkeypatch.setattr(module, "edge", lambda chip: ticks.pop(0))
    capture = module.Capture("GP21", 0, 7)
    machine = capture._machine
    assert machine.number == 7 and machine.settings == {"freq": HZ, "in_base": "GP21"}
    assert list(capture._chip) == [0x4005_4028, 0x5030_0000, 0x5030_0000 + 0xC8 + 3 * 0x18, 11, 0x800]
    assert capture.take() == -1 and machine.did == []
    capture.arm(1000)
    assert machine.did == [0, "restart", 1]
    assert [capture.take() for _ in range(4)] == [-1, 4711, -1, -1]
    assert machine.did[-1] == 0 and ticks == []
