"""One board, from any state to running: leave, image, files, restart, answer."""

from __future__ import annotations

import contextlib
from typing import Any

import serial

from pacerail.errors import InputError, RailError
from pacerail.flash.chip import appeared, fits, renew, same_chip, write_esp
from pacerail.flash.install import Work, install, look, switch
from pacerail.flash.layout import pointer
from pacerail.flash.remote import Lost, Remote
from pacerail.flash.states import Line, Running, ask_to_leave, running, wait_for
from pacerail.flash.system import GONE, check_port, holders
from pacerail.flash.target import Outcome, Say, SoFar, Target, Tools
from pacerail.model.boardtype import BoardType
from pacerail.ports import device_of
from pacerail_node import VERSION


def flash(target: Target, tools: Tools, say: Say) -> Outcome:
    """Bring one board from whatever state it is in to running this firmware. What goes wrong is told, not raised."""
    so = SoFar()
    try:
        return _flash(target, tools, say, so)
    except RailError as error:
        return Outcome(target.name, target.port, so.was, "", failed=str(error), image=so.image)
    except InputError as error:
        return Outcome(target.name, target.port, so.was, "", failed=error.messages[0], image=so.image)
    except GONE as error:
        why = f"its port went ({error}); plug it in and run this again"
        return Outcome(target.name, target.port, so.was, "", failed=why, image=so.image)


def _flash(target: Target, tools: Tools, say: Say, so: SoFar) -> Outcome:
    say("looks at it", 0, 0)
    tools.check()
    device = device_of(target.port)
    if "://" not in device:
        check_port(device)
    if tools.dry_run and not _at_prompt(device):
        ran = _ask(target, tools)
        if ran is None:
            return Outcome(target.name, target.port, "no prompt", _would(target.kind))
        would = "would be asked to leave; then files that differ are sent"
        return Outcome(target.name, target.port, _ran(ran, target), would)
    remote = _console(target, tools, say, so, device)
    switched = False
    try:
        runs = remote.implementation()
        same_chip(target, runs)
        if tools.new_image or not fits(target, runs):
            if tools.dry_run:
                image = f"{target.kind.image.name} {target.kind.image.version}"
                return Outcome(target.name, target.port, so.was, f"would get the image {image} first, then files")
            remote = renew(target, tools, say, so, remote)
        work = look(remote, target.files)
        if tools.dry_run:
            return Outcome(target.name, target.port, so.was, _would_send(work))
        say("sends files", 0, work.send_bytes)
        install(remote, work, lambda done, whole: say("sends files", done, whole), tools.check)
        switched = True
        remote.restart()
    except Lost:
        remote.close()
        raise
    except BaseException:
        if not switched and not tools.dry_run:  # what it ran before is still there, and is not to stay dark
            with contextlib.suppress(RailError):
                remote.restart()
        raise
    finally:
        remote.close()
    say("starts anew", 0, 0)
    said = _answered(target, tools, work)
    done = f"runs firmware {said.version}" if said else f"has firmware {VERSION}; its RS-485 line was not asked"
    sent = len(work.send)
    return Outcome(target.name, target.port, so.was, done, "", sent, work.send_bytes, so.image, VERSION)


def _ask(target: Target, tools: Tools) -> Running | None:
    """Ask our firmware, if it is that, to leave; over its RS-485 pair too. Raises RailError if it is armed."""
    ask = running if tools.dry_run else ask_to_leave
    if target.bus is not None:
        with contextlib.suppress(OSError):
            try:
                device_of(target.bus.port)
            except RailError:
                return None  # the pair is not at this computer
            return ask(target.bus)
    return ask(Line(target.port, target.key))


def _at_prompt(device: str) -> bool:
    """Whether MicroPython waits at its prompt, so that looking at its files disturbs no program."""
    try:
        port: Any = serial.serial_for_url(device, baudrate=115_200, timeout=0.3, write_timeout=1)
    except GONE:
        return False
    try:
        port.write(b"\r")
        return bool(port.read_until(b">>> ").endswith(b">>> "))
    except GONE:
        return False
    finally:
        port.close()


def _would(kind: BoardType) -> str:
    how = f"its image {kind.image.name} be written first" if kind.flash.method == "esptool" else "its program be ended"
    return f"would be asked for MicroPython's console; {how} if it has none"


def _would_send(work: Work) -> str:
    if not work.send and not work.copy and not work.switches:
        return "has these files already; would only start anew"
    files = f"{len(work.send)} of {len(work.plan.look_at)} files ({work.send_bytes // 1024} KiB)"
    return f"would be sent {files} and start anew from {work.plan.folder}"


def _ran(ran: Running, target: Target) -> str:
    return f"ran firmware {ran.version}" + (f" as {ran.name}" if ran.name != target.name else "")


def _console(target: Target, tools: Tools, say: Say, so: SoFar, device: str) -> Remote:
    """The board's console; an ESP32 without one gets its image. Raises RailError for a board that stays silent."""
    silent: Lost | None = None
    for _ in range(1 if tools.dry_run else 2):  # the second time for a board that was just starting
        ran = None if tools.dry_run else _ask(target, tools)
        so.was = so.was if ran is None else _ran(ran, target)
        try:
            remote = Remote(device, tools.waits.console_s)
        except Lost as error:
            silent = error
            continue
        so.was = "MicroPython's console" if so.was == "unknown" else so.was
        return remote
    if target.kind.flash.method == "esptool" and not tools.dry_run:
        so.was = "no MicroPython"
        write_esp(target, tools, say, so, device)
        return appeared(target, tools)
    by = holders(device) if "://" not in device else []
    if by:
        raise RailError(f"{device} does not answer, and {', '.join(by)} has it open; end that first") from silent
    pin = target.kind.safe_pin
    safe = "" if pin is None else f", or hold GP{pin} to ground while you plug it in"
    raise RailError(
        f"neither Pacerail's firmware nor MicroPython's console answers at {device}; unplug it, hold BOOTSEL and "
        f"plug it in again{safe}, and run this again"
    ) from silent


def _answered(target: Target, tools: Tools, work: Work) -> Running | None:
    """Wait for the new firmware; if it does not come, let the one before run again. Raises RailError then.

    None for a board on an RS-485 pair that is not at this computer.
    """
    if target.bus is not None:
        try:
            device_of(target.bus.port)
        except RailError:
            return None
    waited = wait_for(target.line, tools.waits.answer_s, tools.system.now_s, tools.system.sleep)
    said = waited.said
    if said is not None and (said.version, said.name) == (VERSION, target.name):
        return said
    if said is not None:
        raise RailError(f"answers as {said.name} with firmware {said.version}; expected {target.name} with {VERSION}")
    why = f"the new firmware does not start ({waited.error})" if waited.error else "the new firmware does not answer"
    before = work.survey.active
    if before is None or not work.switches or pointer(before) != work.survey.main:
        raise RailError(f"{why}; unplug it, plug it in again and run this again")
    try:
        remote = Remote(device_of(target.port), tools.waits.console_s)
        try:
            switch(remote, before)
            remote.restart()
        finally:
            remote.close()
    except RailError:
        raise RailError(f"{why}, nor its console; unplug it, plug it in again and run this again") from None
    raise RailError(f"{why}; it was given back the firmware it had before")
