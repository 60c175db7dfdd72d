"""Images of MicroPython: UF2 block by block, ESP32 with esptool's own loaders, and where they come from."""

from __future__ import annotations

import hashlib
import importlib
import random
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pacerail.errors import InputError, RailError
from pacerail.flash import esp, uf2
from pacerail.flash.image import Images
from pacerail.model.boardtype import load_board_type

RP2040, RP2350 = 0xE48BFF56, 0xE48BFF59


def uf2_block(number: int, blocks: int, family: int = RP2040, address: int | None = None, flags: int = 0x2000) -> bytes:
    """One block of 256 bytes of payload."""
    at = 0x1000_0000 + 256 * number if address is None else address
    head = struct.pack("<8I", 0x0A324655, 0x9E5D5157, flags, at, 256, number, blocks, family)
    return head + bytes([number % 251]) * 256 + bytes(220) + struct.pack("<I", 0x0AB16F30)


def uf2_image(blocks: int = 8, family: int = RP2040) -> bytes:
    """A whole image."""
    return b"".join(uf2_block(number, blocks, family) for number in range(blocks))


def test_a_good_uf2() -> None:
    """One of a chip; and the RP2350's, which begins with a block of another family (erratum E10)."""
    assert uf2.check(uf2_image(), "a.uf2", RP2040) == uf2.Uf2(RP2040, 8, 8 * 256)
    first = uf2_block(0, 2, 0xE48BFF57, 0x10FF_FF00)
    assert uf2.check(first + uf2_image(5, RP2350), "a.uf2", RP2350).blocks == 5


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "the file is empty"),
        (b"<html>not found</html>" * 40, "not a UF2 image"),
        (uf2_image()[:-100], "so it is cut; expected whole blocks of 512"),
        (uf2_image()[:-512], "7 blocks of 8"),
        (uf2_image(8, RP2350), "an image for RP2350-ARM-S; expected one for RP2040"),
        (uf2_image(8, 0x12345678), "an image for another chip (family 0x12345678)"),
        (uf2_image(4) + uf2_block(4, 8), "block 4 is number 4 of 8"),
        (uf2_image(8)[:512] + uf2_image(8)[1024:], "block 1 is number 2 of 8, expected 1"),
        (uf2_image()[:600] + b"\xff" * 424 + uf2_image()[1024:], "block 1 is damaged"),
        (uf2_block(0, 1, address=0x2000_0000), "block 0 does not lie in flash"),
        (uf2_block(0, 2) + uf2_block(1, 2, address=0x1000_0000), "block 1 does not lie in flash"),
        (uf2_block(0, 1, flags=0), "does not say which chip it is for"),
        (uf2_block(0, 1, flags=0x2001), "0 blocks of an image for RP2040"),
    ],
)
def test_a_bad_uf2_is_named(data: bytes, said: str) -> None:
    """With the file, and the block."""
    with pytest.raises(InputError) as caught:
        uf2.check(data, "pico.uf2", RP2040)
    assert caught.value.messages[0].startswith("pico.uf2: ") and said in caught.value.messages[0]


def esp_part(chip: str, payload: bytes) -> bytes:
    """An image of one segment, made by esptool itself."""
    images: Any = importlib.import_module("esptool.bin_image")
    targets: Any = importlib.import_module("esptool.targets")
    kind = {"esp32": images.ESP32FirmwareImage, "esp32s3": images.ESP32S3FirmwareImage}[chip]
    iram = {"esp32": 0x4008_0000, "esp32s3": 0x4037_8000}[chip]
    image = kind()
    image.chip_id = targets.CHIP_DEFS[chip].IMAGE_CHIP_ID
    image.entrypoint = 0x4008_0000
    image.segments = [images.ELFSection(b".iram0.text", iram, payload, 0)]
    data: bytes = image.save(None)
    return data


def esp_image(
    chip: str = "esp32", offset: int = 0x1000, payload: bytes = bytes(random.Random(1).randbytes(30_000))
) -> bytes:
    """Boot loader, partition table and app, as MicroPython's .bin files are laid out."""
    data = esp_part(chip, b"\x22" * 2048).ljust(0x8000 - offset, b"\xff")
    nvs = struct.pack("<2sBBII16sI", b"\xaa\x50", 1, 2, 0x9000, 0x6000, b"nvs", 0)
    app = struct.pack("<2sBBII16sI", b"\xaa\x50", 0, 0, 0x10000, 0x1F0000, b"factory", 0)
    return (data + nvs + app).ljust(0x10000 - offset, b"\xff") + esp_part(chip, payload)


def test_esp_images() -> None:
    """Made by esptool, checked through its loaders: good ones pass."""
    esp.check(esp_image(), "a.bin", "esp32", 0x1000)
    esp.check(esp_image("esp32s3", 0), "a.bin", "ESP32-S3", 0)


def flipped(data: bytes, at: int) -> bytes:
    """With one bit the other way round."""
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "the file is empty"),
        (b"<html>", "the boot loader is damaged"),
        (uf2_image(), "the boot loader is damaged"),
        (esp_image("esp32s3", 0), "an image for ESP32-S3; expected one for esp32"),
        (flipped(esp_image(), 100), "the boot loader is damaged (its checksum is wrong)"),
        (flipped(esp_image(), 0xF000 + 200), "MicroPython is damaged (its checksum is wrong)"),
        (esp_image()[: 0xF000 + 2000], "the MicroPython is damaged"),
        (esp_image()[:0xF000], "cut short before MicroPython begins at 0x10000"),
        (esp_part("esp32", b"\x11" * 4096), "no partition table with an app"),
    ],
)
def test_bad_esp_images_are_named(data: bytes, said: str) -> None:
    with pytest.raises(InputError) as caught:
        esp.check(data, "esp.bin", "esp32", 0x1000)
    assert caught.value.messages[0].startswith("esp.bin: ") and said in caught.value.messages[0]
    assert len(caught.value.messages[0].splitlines()) == 1


def test_no_chip_behind_a_port(tmp_path: Path) -> None:
    """esptool's own words, in one line with what to do."""
    with pytest.raises(RailError) as caught:
        esp.write(str(tmp_path / "ttyUSB7"), b"x", "esp32", 0x1000, lambda *_: None)
    assert len(str(caught.value).splitlines()) == 1


PICO = load_board_type("pico")


class Web:
    """What is behind the addresses; counts how often it is asked."""

    def __init__(self, data: bytes | OSError) -> None:
        self.data = data
        self.asked: list[str] = []

    def __call__(self, url: str) -> bytes:
        self.asked.append(url)
        if isinstance(self.data, OSError):
            raise self.data
        return self.data


def test_an_image_is_downloaded_once(tmp_path: Path) -> None:
    """Kept, checked against the first download, and it is said that nobody knew its hash."""
    web, said = Web(uf2_image()), list[str]()
    for _ in range(2):
        images = Images(None, said.append, tmp_path / "cache", web)
        assert images.image_of(PICO).data == images.image_of(PICO).data == uf2_image()
    assert web.asked == [PICO.image.url]
    assert "has no sha256, so it was not checked against a known one" in said[1]
    kept = tmp_path / "cache" / PICO.image.url.rpartition("/")[2]
    kept.write_bytes(uf2_image(9))
    with pytest.raises(RailError, match=r"its SHA-256 is not [0-9a-f]{64}; delete it"):
        Images(None, said.append, tmp_path / "cache", web).image_of(PICO)
    assert sorted(path.suffix for path in kept.parent.iterdir()) == [".sha256", ".uf2"], "no file half written"


def test_an_image_with_a_known_hash(tmp_path: Path) -> None:
    """Another one is not taken, and not kept."""
    right = hashlib.sha256(uf2_image()).hexdigest()
    kind = replace(PICO, image=replace(PICO.image, sha256=right))
    said: list[str] = []
    assert Images(None, said.append, tmp_path / "a", Web(uf2_image())).image_of(kind).known
    assert said == [f"downloading {kind.image.url}"]
    with pytest.raises(RailError, match=f"expected {right}, as the board file says. Nothing was flashed"):
        Images(None, said.append, tmp_path / "b", Web(uf2_image(9))).image_of(kind)
    assert not (tmp_path / "b").exists()


def test_offline(tmp_path: Path) -> None:
    """One line with the address and where to put the file; a file put there is taken."""
    place = tmp_path / PICO.image.url.rpartition("/")[2]
    images = Images(None, lambda _: None, tmp_path, Web(OSError("Name or service not known")))
    with pytest.raises(RailError) as caught:
        images.image_of(PICO)
    line = str(caught.value)
    assert PICO.image.url in line and str(place) in line and "--image" in line and "\n" not in line
    place.write_bytes(uf2_image())
    assert images.image_of(PICO).data == uf2_image()


def test_an_image_file(tmp_path: Path) -> None:
    """--image: looked at like any other."""
    path = tmp_path / "mine.uf2"
    web = Web(OSError("no"))
    with pytest.raises(InputError, match=r"mine\.uf2: cannot be read"):
        Images(path, lambda _: None, tmp_path, web).image_of(PICO)
    path.write_bytes(uf2_image(8, RP2350))
    with pytest.raises(InputError, match=r"mine\.uf2: an image for RP2350-ARM-S"):
        Images(path, lambda _: None, tmp_path, web).image_of(PICO)
    path.write_bytes(uf2_image())
    assert Images(path, lambda _: None, tmp_path, web).image_of(PICO).name == str(path)
    assert web.asked == []
