"""Firmware comes onto boards by the drive of a boot loader, or by avrdude; whatever is not there is named."""

from __future__ import annotations

import os
import sys

import pytest
from click.testing import CliRunner

from edge.cli import cli
from firmware_bridge import flash
from firmware_bridge.flash import FlashError, flash_rp2040, flash_uno
from firmware_bridge.ready_image import ready_image
from firmware_bridge.uf2 import uf2


def flashed(*arguments):
    """Run the command."""
    return CliRunner().invoke(cli, ["mcu", "flash", *arguments])


def test_a_pico_gets_the_image_on_the_drive_of_its_boot_loader(tmp_path):
    """The one that comes with the package, as UF2."""
    (tmp_path / "INFO_UF2.TXT").write_text("UF2 Bootloader v3.0\nModel: Raspberry Pi RP2\nBoard-ID: RPI-RP2\n")
    done = flashed("rp2040", "--drive", str(tmp_path))
    assert done.exit_code == 0, done.output
    assert (tmp_path / "edge-sort-rp2040.uf2").read_bytes() == uf2(ready_image("rp2040"))


@pytest.mark.parametrize(
    ("told", "found"),
    [
        (None, "found none at"),
        ("My notes about RPI-RP2\n", "found none at"),
        ("UF2 Bootloader v1.0\nModel: Raspberry Pi RP2350\nBoard-ID: RP2350\n", "found that of board 'RP2350' at"),
        ("Board-ID: RPI-RP2-other\n", "found that of board 'RPI-RP2-other' at"),
    ],
)
def test_nothing_is_written_to_another_drive_and_its_board_is_named(tmp_path, told, found):
    """A folder, or the drive of another board."""
    if told is not None:
        (tmp_path / "INFO_UF2.TXT").write_text(told)
    with pytest.raises(FlashError, match=f"Board-ID RPI-RP2.*{found}.*hold BOOTSEL"):
        flash_rp2040(tmp_path)
    assert not list(tmp_path.glob("*.uf2"))


@pytest.fixture
def avrdude(tmp_path, monkeypatch):
    """A stand-in that writes down how it was called, and ends as it is told."""
    program, calls = tmp_path / "avrdude", tmp_path / "calls"
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(flash, "write_firmware", lambda board, folder, compiler: [folder / f"edge-sort-{board}.bin"])

    def make(code=0, says=""):
        program.write_text(
            f"#!{sys.executable}\nimport sys\nopen({str(calls)!r}, 'w').write(' '.join(sys.argv[1:]))\n"
            f"print({says!r}, file=sys.stderr)\nsys.exit({code})\n"
        )
        program.chmod(0o755)
        return calls

    return make


def test_an_uno_gets_it_from_avrdude(avrdude):
    """With the options of its boot loader."""
    calls = avrdude()
    flash_uno("/dev/ttyACM7")
    told = calls.read_text()
    assert told.startswith("-p atmega328p -c arduino -P /dev/ttyACM7 -b 115200 -U flash:w:")
    assert told.endswith("edge-sort-uno.bin:r")


def test_what_avrdude_says_when_it_fails_is_handed_on(avrdude):
    """Its last words name the cause."""
    avrdude(1, "avrdude: ser_open(): can't open device")
    with pytest.raises(FlashError, match="can't open device; check the port"):
        flash_uno("/dev/ttyACM7")


def test_without_avrdude_the_command_says_how_to_get_it(monkeypatch):
    """Before anything is built."""
    monkeypatch.setattr(flash.shutil, "which", lambda name: None)
    with pytest.raises(FlashError, match="sudo apt install avrdude"):
        flash_uno("/dev/ttyACM7")


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ([], "; found neither"),
        (["--port", "/dev/ttyACM0"], "; found --port"),
        (["--port", "/dev/ttyACM0", "--drive", "x"], "; found --drive and --port"),
        (["--drive", "x", "--out", "y"], ", not both; found --drive and --out"),
    ],
)
def test_a_flash_is_given_one_way_of_its_board_and_no_second_one(options, found):
    """A Pico has no port to be flashed by; files and board are two things, and both are one too many."""
    done = flashed("rp2040", *options)
    assert done.exit_code == 2
    said = " ".join(done.output.split())
    assert f"give --drive to put it on the board, or --out to write it as files{found}" in said


@pytest.mark.parametrize(
    ("options", "found"), [([], "; found neither"), (["--emulate", "--port", "/dev/ttyACM0"], ", not both")]
)
def test_a_sorter_is_fed_by_its_port_or_emulated_and_not_both(tmp_path, options, found):
    """Which of the two mistakes it was is said."""
    done = CliRunner().invoke(cli, ["mcu", "feed", str(tmp_path), "part.png", *options])
    assert done.exit_code == 2
    said = " ".join(done.output.split())
    assert f"give --port PORT for a Pico, or --emulate where there is none{found}" in said
