"""The files that are put onto a board."""

from __future__ import annotations

from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import pytest
from click.testing import CliRunner

from edge.cli import cli
from firmware_bridge import write_firmware
from firmware_bridge.firmware_build import BuildError, build, compiler_for
from firmware_bridge.ready_image import ZIG, ready_image
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


def test_firmware_is_written_as_files_without_a_compiler(tmp_path, monkeypatch):
    """For an RP2040 the image that comes with the package, as bytes and as UF2."""
    monkeypatch.setattr(write_firmware, "compiler_for", None)
    done = CliRunner().invoke(cli, ["mcu", "flash", "rp2040", "--out", str(tmp_path / "new")])

    assert done.exit_code == 0, done.output
    assert (tmp_path / "new" / "edge-sort-rp2040.bin").read_bytes() == ready_image("rp2040")
    assert (tmp_path / "new" / "edge-sort-rp2040.uf2").read_bytes() == uf2(ready_image("rp2040"))


def test_a_compiler_that_a_board_does_not_have_is_refused(tmp_path):
    """With the one it has, and so is an image that does not come with the package."""
    done = CliRunner().invoke(cli, ["mcu", "flash", "uno", "--out", str(tmp_path), "--compiler", "zig"])

    assert done.exit_code == 1
    assert "expected gcc as compiler for uno, got 'zig'" in done.output
    with pytest.raises(BuildError, match="brings firmware for rp2040, not for 'uno'; build it"):
        ready_image("uno")


@pytest.mark.slow
def test_the_image_that_comes_with_the_package_is_built_from_its_sources():
    """The pinned zig gives the same bytes everywhere; a change of the C sources takes a new image."""
    installed = version("ziglang") if find_spec("ziglang") else None
    if installed != ZIG:
        pytest.skip(f"needs ziglang {ZIG} from PyPI, found {installed}")

    built = build("rp2040", compiler_for("rp2040", "zig"))
    assert built == ready_image("rp2040"), "run: python -m firmware_bridge.ready_image"
