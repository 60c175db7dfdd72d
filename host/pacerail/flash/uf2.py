"""UF2 images: every block looked at before one byte goes to a board.

The format: https://github.com/microsoft/uf2#file-format (512-byte blocks; ten words at most of them header, the rest
payload). Family ids: https://github.com/microsoft/uf2/blob/master/utils/uf2families.json, RP2350 data sheet 5.5.3.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from pacerail.errors import InputError

BLOCK = 512
_HEAD = struct.Struct("<8I")
_MAGIC = (0x0A32_4655, 0x9E5D_5157)
_MAGIC_END = 0x0AB1_6F30
_NOT_MAIN_FLASH = 0x0000_0001
_HAS_FAMILY = 0x0000_2000
_MAX_PAYLOAD = 476
_FLASH = range(0x1000_0000, 0x1200_0000)
"""Where RP2040 and RP2350 see their flash."""

NAMES = {
    0xE48B_FF56: "RP2040",
    0xE48B_FF59: "RP2350-ARM-S",
    0xE48B_FF5A: "RP2350-RISCV",
    0xBFDD_4EEE: "ESP32-S2",
    0xC47E_5767: "ESP32-S3",
}
_ABSOLUTE = 0xE48B_FF57
"""Images for the RP2350 begin with a block of this family: it works around erratum RP2350-E10."""


@dataclass(frozen=True)
class Uf2:
    """What an image holds of one family."""

    family: int
    blocks: int
    payload_bytes: int


def check(data: bytes, name: str, family: int) -> Uf2:
    """Look at every block of an image that is to go on a chip of a family.

    Raises InputError naming the file, and the block, if it is cut, damaged, or for another chip.
    """
    if not data:
        raise InputError(f"{name}: the file is empty; expected a UF2 image")
    if len(data) < BLOCK or _HEAD.unpack_from(data)[:2] != _MAGIC:
        raise InputError(f"{name}: not a UF2 image; expected the .uf2 file of a MicroPython download page")
    if len(data) % BLOCK:
        raise InputError(f"{name}: {len(data):,} bytes, so it is cut; expected whole blocks of {BLOCK}")
    chip = _called(family)
    found = payload = expected = 0
    last = -1
    for number in range(len(data) // BLOCK):
        *magic, flags, address, size, block, blocks, is_for = _HEAD.unpack_from(data, number * BLOCK)
        where = f"{name}: block {number}"
        end = struct.unpack_from("<I", data, number * BLOCK + BLOCK - 4)[0]
        if tuple(magic) != _MAGIC or end != _MAGIC_END:
            raise InputError(f"{where} is damaged (its marks are wrong); download the image again")
        if flags & _NOT_MAIN_FLASH:
            continue
        if not flags & _HAS_FAMILY:
            raise InputError(f"{where} does not say which chip it is for; expected an image for {chip}")
        if is_for == _ABSOLUTE and family != _ABSOLUTE:
            continue
        if is_for != family:
            raise InputError(f"{name}: an image for {_called(is_for)}; expected one for {chip}")
        if not 0 < size <= _MAX_PAYLOAD or address not in _FLASH or address + size - 1 not in _FLASH or address <= last:
            raise InputError(f"{where} does not lie in flash ({size} bytes at {address:#010x}); download it again")
        if block != found or (found and blocks != expected):
            raise InputError(f"{where} is number {block} of {blocks}, expected {found}; download the image again")
        expected, last = blocks, address + size - 1
        found += 1
        payload += size
    if not found or found != expected:
        raise InputError(
            f"{name}: {found} blocks of {expected or 'an image'} for {chip}, so it is cut; download it again"
        )
    return Uf2(family, found, payload)


def _called(family: int) -> str:
    return NAMES.get(family, f"another chip (family {family:#010x})")
