"""The file that is copied onto a board."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware_bridge.uf2 import FLASH, uf2


def test_an_emulators_own_loader_finds_the_image_in_it(tmp_path):
    """rp2040py reads the file and puts every byte where it belongs."""
    loader = pytest.importorskip("rp2040py.device.load_flash", reason="needs rp2040py, the emulated RP2040")
    from rp2040py.rp2040 import RP2040

    image = bytes(i * 7 % 251 for i in range(1000))
    file = Path(tmp_path / "gates.uf2")
    file.write_bytes(uf2(image))
    chip = RP2040()
    loader.load_uf2(file, chip)

    assert bytes(chip.flash[:1000]) == image
    assert len(file.read_bytes()) == 4 * 512


def test_every_block_says_where_it_goes():
    """Magic numbers, address, 256 bytes, its number of so many, the RP2040's family, and the end."""
    block = uf2(bytes(300))[512:]

    words = [int.from_bytes(block[i : i + 4], "little") for i in range(0, 32, 4)]
    assert words == [0x0A324655, 0x9E5D5157, 0x2000, FLASH + 256, 256, 1, 2, 0xE48BFF56]
    assert block[508:] == (0x0AB16F30).to_bytes(4, "little")


def test_firmware_is_written_as_files(tmp_path, monkeypatch):
    """For an RP2040 as bytes and as UF2; a compiler that a board does not have is refused with the one it has."""
    from click.testing import CliRunner

    from firmware_bridge import write_firmware

    monkeypatch.setattr(write_firmware, "build", lambda board, compiler: b"image of " + board.encode())
    monkeypatch.setattr(write_firmware, "compiler_for", lambda board, name: None)
    done = CliRunner().invoke(write_firmware.main, ["rp2040", "--out", str(tmp_path / "new")])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "new" / "edge-sort-rp2040.bin").read_bytes() == b"image of rp2040"
    assert (tmp_path / "new" / "edge-sort-rp2040.uf2").read_bytes() == uf2(b"image of rp2040")
    monkeypatch.undo()
    done = CliRunner().invoke(write_firmware.main, ["uno", "--out", str(tmp_path), "--compiler", "zig"])
    assert done.exit_code == 1
    assert "Error: expected gcc as compiler for uno, got 'zig'" in done.output
