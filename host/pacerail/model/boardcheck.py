"""Whether a type of board can do what a rail file or a command asks of it: outputs, LEDs, strips, pins, link."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pacerail.model.boardtype import CLOCKED, BoardType, LinkSpec, pin_list
from pacerail.model.units import quoted

WITH_WHITE = ("sk6812w",)
"""Strips whose LEDs have a fourth, white light."""
PORT_BAUD = 115_200
"""Of a port that names none."""


@dataclass(frozen=True)
class Fault:
    """What is wrong with a board: the key that says it, the output's index or None, "what is wrong; expected ..."."""

    key: str
    output: int | None
    text: str


@dataclass(frozen=True)
class Wanted:
    """What is asked of a board. A GPIO of None: the board type's."""

    leds: tuple[int, ...]
    pins: tuple[int | None, ...]
    strips: tuple[str, ...]
    orders: tuple[str, ...]
    link: LinkSpec
    gun_pin: int | None = None


def output_pins(kind: BoardType, pins: Sequence[int | None]) -> tuple[int, ...]:
    """The GPIO of each output; -1 for one that the board type has none for."""
    spare = len(pins) - len(kind.output_pins)
    own = (*kind.output_pins, *(-1,) * max(spare, 0))
    return tuple(own[index] if pin is None else pin for index, pin in enumerate(pins))


def order_of(strip: str, order: str) -> str:
    """The colour order of a strip where none is said, on a board type whose order is this one."""
    if strip in CLOCKED:
        return "BGR"
    return order + "W" if strip in WITH_WHITE and "W" not in order else order


def board_faults(kind: BoardType, wanted: Wanted) -> list[Fault]:
    """Everything that this type of board cannot do."""
    count = len(wanted.leds)
    if not 1 <= count <= kind.max_outputs:
        return [Fault("output", None, f"{count} outputs; expected 1 to {kind.max_outputs} on a {kind.title}")]
    found: list[Fault] = []
    if len(wanted.pins) != count:
        found.append(Fault("output", None, f"{len(wanted.pins)} pins for {count} outputs; expected one each"))
    if min(wanted.leds) < 1:
        found.append(Fault("output", None, f"an output of {min(wanted.leds)} LEDs; expected 1 at least"))
    if sum(wanted.leds) > kind.max_leds:
        text = f"{sum(wanted.leds)} LEDs on one board; expected at most {kind.max_leds} on a {kind.title}"
        found.append(Fault("output", None, text))
    for index, (strip, order) in enumerate(zip(wanted.strips, wanted.orders, strict=True)):
        if strip not in kind.strips:
            text = f"a {kind.title} sends no {quoted(strip)}; expected one of {', '.join(kind.strips)}"
            found.append(Fault("strip", index, text))
        if ("W" in order) != (strip in WITH_WHITE):
            expected = "four letters with a W" if strip in WITH_WHITE else "three letters, R, G and B"
            found.append(Fault("order", index, f"{quoted(order)} is no order of {strip}; expected {expected}"))
        if strip in CLOCKED and (count > 1 or kind.spi is None):
            text = f"{strip} on one of {count} outputs" if count > 1 else f"the board type has no [spi] for {strip}"
            found.append(Fault("strip", index, f"{text}; expected it on a board of its own, with [spi]"))
    return found + _link_faults(kind, wanted.link) + _pin_faults(kind, wanted)


def _pin_faults(kind: BoardType, wanted: Wanted) -> list[Fault]:
    """Pins that do not exist, cannot do it, or are taken twice."""
    found: list[Fault] = []
    taken: dict[int, str] = {}

    def take(pin: int, what: str, key: str, output: int | None, allowed: Sequence[int]) -> None:
        if pin not in allowed:
            found.append(Fault(key, output, f"GPIO {pin} cannot be {what}; expected one of {pin_list(allowed)}"))
        elif pin in taken:
            text = f"GPIO {pin} cannot be {what}, it is {taken[pin]}; expected one that is free"
            found.append(Fault(key, output, text))
        taken.setdefault(pin, what)

    if kind.safe_pin is not None:
        taken[kind.safe_pin] = "the safe-mode pin"
    if wanted.link.kind != "usb":
        for name in ("tx", "rx", "de") if wanted.link.kind == "rs485" else ("tx", "rx"):
            pin: int | None = getattr(wanted.link, name)
            if pin is not None:
                take(
                    pin, f"{name} of the link", "link", None, kind.pins_readable if name == "rx" else kind.pins_allowed
                )
    if wanted.gun_pin is not None:
        take(wanted.gun_pin, "the gun pin", "gun", None, kind.pins_readable)
    if kind.spi is not None and any(strip in CLOCKED for strip in wanted.strips):
        take(kind.spi.sck, "the strip's clock", "strip", None, kind.pins_allowed)
        take(kind.spi.mosi, "the strip's data", "strip", None, kind.pins_allowed)
        return found
    for index, pin in enumerate(output_pins(kind, wanted.pins)):
        take(pin, f"output {index + 1}", "pin", index, kind.pins_allowed)
    return found


def _link_faults(kind: BoardType, link: LinkSpec) -> list[Fault]:
    """RP2040 and RP2350 have each UART on certain pins only (their data sheets, GPIO functions)."""
    if link.kind == "usb" or not kind.chip.startswith("RP2") or link.uart is None:
        return []
    step = 1 if kind.chip.startswith("RP235") else 3
    found: list[Fault] = []
    for name, pin, rest in (("tx", link.tx, 0), ("rx", link.rx, 1)):
        good = [p for p in kind.pins_allowed if (p & step) == rest and ((p + 4) >> 3 & 1) == link.uart]
        if pin is not None and pin not in good:
            text = f"GPIO {pin} cannot be {name} of UART {link.uart} on a {kind.chip}; expected one of {pin_list(good)}"
            found.append(Fault("link", None, text))
    return found


def port_fault(port: str | None, link: LinkSpec, shared: bool) -> str | None:
    """What is wrong between a board's link and the port that it is behind; None if nothing is."""
    if port is None or "://" in port:
        return None
    if link.kind == "usb":
        if shared:
            return 'another board has this port too; expected link = { kind = "rs485" } on each board of a shared port'
        return None
    said = re.search(r"\?baud=(\d+)$", port)
    baud = int(said[1]) if said else PORT_BAUD
    if baud != link.baud:
        return (
            f"the port is opened at {baud} baud, the board talks at {link.baud}; "
            f'expected port = "{port.split("?")[0]}?baud={link.baud}"'
        )
    return None
