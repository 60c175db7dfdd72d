"""RP2040 modules as far as the strip driver needs them: an assembler and a state machine for its PIO program, and
registers that remember what was written.

Written from the data sheet, not from MicroPython's own assembler, so that the two check each other.
"""

from __future__ import annotations

import types
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar


class Instruction:
    """One line of PIO assembly: `out(x, 1).side(0)[3]`."""

    def __init__(self, name: str, args: tuple[Any, ...]) -> None:
        self.name = name
        self.args = args
        self.level = 0
        self.delay = 0

    def side(self, level: int) -> Instruction:
        """Side-set."""
        self.level = level
        return self

    def __getitem__(self, delay: int) -> Instruction:
        assert 0 <= delay <= 15, "one side-set bit leaves four for the delay"
        self.delay = delay
        return self


@dataclass
class Program:
    """What `asm_pio` makes."""

    code: list[Instruction]
    labels: dict[str, int]
    wrap_target: int
    options: dict[str, Any]


def asm_pio(**options: Any) -> Callable[[Callable[[], None]], Program]:
    """The decorator: runs the function with the words of PIO assembly in place of its module's names."""

    def assemble(function: Any) -> Program:
        program = Program([], {}, 0, options)

        def emit(name: str) -> Callable[..., Instruction]:
            def one(*args: Any) -> Instruction:
                program.code.append(Instruction(name, args))
                return program.code[-1]

            return one

        names: dict[str, Any] = {name: emit(name) for name in ("out", "jmp", "nop", "pull", "push", "mov")}
        names |= {"x": "x", "y": "y", "x_dec": "x--", "y_dec": "y--", "not_x": "!x", "osr": "osr", "block": 1}
        names["label"] = lambda label: program.labels.__setitem__(label, len(program.code))
        names["wrap_target"] = lambda: setattr(program, "wrap_target", len(program.code))
        names["wrap"] = lambda: None  # at the end of the only program there is
        types.FunctionType(function.__code__, names, closure=function.__closure__)()
        return program

    return assemble


def levels(program: Program, words: list[int], fetches: list[int] | None = None) -> Iterator[int]:
    """The pin's level in each cycle, until the state machine stalls for want of words.

    `fetches` gets the cycle at which each word leaves the FIFO: autopull fetches the next one as soon as the last bit
    of one has gone out (RP2040 data sheet, 3.5.4).
    """
    fifo = deque(words)
    threshold = program.options["pull_thresh"]
    shift = 0
    shifted = 32
    scratch = {"x": 0, "y": 0}
    at = program.wrap_target
    cycle = 0
    while True:
        line = program.code[at]
        at = program.wrap_target if at + 1 == len(program.code) else at + 1
        if line.name == "out":
            name, bits = line.args
            for ahead in (False, True):
                if shifted >= threshold and fifo:
                    shift, shifted = fifo.popleft(), 0
                    if fetches is not None:
                        fetches.append(cycle)
                if not ahead:
                    if shifted >= threshold:
                        return
                    scratch[name] = shift >> (32 - bits)
                    shift = (shift << bits) & 0xFFFFFFFF
                    shifted += bits
        elif line.name == "jmp":
            condition, target = line.args if len(line.args) == 2 else ("", line.args[0])
            if condition == "!x":
                taken = scratch["x"] == 0
            elif condition:
                taken = scratch[condition[0]] != 0
                scratch[condition[0]] = (scratch[condition[0]] - 1) & 0xFFFFFFFF
            else:
                taken = True
            if taken:
                at = program.labels[target]
        for _ in range(1 + line.delay):
            cycle += 1
            yield line.level


class DMA:
    """A DMA channel; `made` has all of them."""

    made: ClassVar[list[DMA]] = []
    _FIELDS: ClassVar = {
        "enable": (0, 1), "size": (2, 2), "inc_read": (4, 1), "inc_write": (5, 1), "ring_size": (6, 4),
        "ring_sel": (10, 1), "chain_to": (11, 4), "treq_sel": (15, 6), "irq_quiet": (21, 1),
    }  # fmt: skip

    def __init__(self) -> None:
        self.channel = len(self.made)
        self.settings: dict[str, Any] = {}
        self.made.append(self)

    def pack_ctrl(self, **fields: int) -> dict[str, int]:
        """The fields of CTRL with the defaults of rp2.DMA."""
        defaults = {"enable": 1, "size": 2, "inc_read": 1, "inc_write": 1, "ring_size": 0, "ring_sel": 0,
                    "chain_to": self.channel, "treq_sel": 63, "irq_quiet": 1}  # fmt: skip
        for name, value in fields.items():
            assert 0 <= int(value) < 1 << self._FIELDS[name][1], name
        return defaults | {name: int(value) for name, value in fields.items()}

    def config(self, **settings: Any) -> None:
        """Remember."""
        self.settings |= settings


class StateMachine:
    """A state machine; `made` has all of them."""

    made: ClassVar[list[StateMachine]] = []

    def __init__(self, number: int, program: Program, **settings: Any) -> None:
        self.number = number
        self.program = program
        self.settings = settings
        self.running = False
        self.made.append(self)

    def active(self, on: int) -> None:
        """Remember."""
        self.running = bool(on)


def modules() -> dict[str, types.ModuleType]:
    """rp2, machine and uctypes, by name."""
    DMA.made.clear()
    StateMachine.made.clear()
    rp2: Any = types.ModuleType("rp2")
    rp2.asm_pio, rp2.DMA, rp2.StateMachine = asm_pio, DMA, StateMachine
    rp2.PIO = types.SimpleNamespace(OUT_LOW="low", SHIFT_LEFT="left", JOIN_TX="tx")
    machine: Any = types.ModuleType("machine")
    machine.Pin = lambda number: number
    uctypes: Any = types.ModuleType("uctypes")
    places: dict[int, int] = {}

    def addressof(buffer: Any) -> int:
        # somewhere in RAM, at a multiple of 16 as MicroPython's heap has it, and of nothing more
        return places.setdefault(id(buffer), 0x2000_1230 + 0x1_0110 * len(places))

    uctypes.addressof = addressof
    return {"rp2": rp2, "machine": machine, "uctypes": uctypes}
