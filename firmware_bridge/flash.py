"""Put the firmware on a board: copied onto the drive of a Pico's boot loader, or sent to an Uno by avrdude."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from edge.errors import EdgeSortError
from firmware_bridge.write_firmware import write_firmware

BOOT_DRIVE_FILE, BOOT_DRIVE_BOARD = "INFO_UF2.TXT", "RPI-RP2"
_BOARD_KEY, _MOST_NAME = "Board-ID", 60  # the line of that file which names the board; characters of it that are told
AVRDUDE_WITHIN_S = 120.0


class FlashError(EdgeSortError):
    """The firmware could not be put on the board."""


def flash_rp2040(drive: Path, compiler: str | None = None) -> Path:
    """Copy the firmware onto the drive that a Pico shows with BOOTSEL held. Raises FlashError, BuildError."""
    found = _board_of(drive)
    if found != BOOT_DRIVE_BOARD:
        raise FlashError(
            f"--drive: expected the drive of an RP2040's boot loader ({BOOT_DRIVE_FILE} with {_BOARD_KEY} "
            f"{BOOT_DRIVE_BOARD}), found {f'that of board {found!r}' if found else 'none'} at {drive}; "
            "hold BOOTSEL while you plug an RP2040 in, and give the folder where its drive is mounted"
        )
    with tempfile.TemporaryDirectory() as folder:
        image = next(path for path in write_firmware("rp2040", Path(folder), compiler) if path.suffix == ".uf2")
        try:
            return Path(shutil.copy(image, drive / image.name))
        except OSError as error:
            raise FlashError(
                f"--drive: expected to write {image.name} to {drive}, found: {error}; plug the board in again"
            ) from error


def _board_of(drive: Path) -> str | None:
    """Return what the boot loader of a drive calls its board; None where there is no boot loader."""
    try:
        lines = (drive / BOOT_DRIVE_FILE).read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return None
    told = (line.partition(":") for line in lines)
    return next((value.strip()[:_MOST_NAME] for key, _, value in told if key.strip() == _BOARD_KEY), None)


def flash_uno(port: str, compiler: str | None = None) -> None:
    """Have avrdude send the firmware to an Uno. Raises FlashError with its last words, BuildError."""
    avrdude = shutil.which("avrdude")
    if avrdude is None:
        raise FlashError("expected avrdude, which sends programs to an Uno, found none; sudo apt install avrdude")
    with tempfile.TemporaryDirectory() as folder:
        image = next(path for path in write_firmware("uno", Path(folder), compiler) if path.suffix == ".bin")
        command = [avrdude, "-p", "atmega328p", "-c", "arduino", "-P", port, "-b", "115200", "-U", f"flash:w:{image}:r"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=AVRDUDE_WITHIN_S, check=False)
        except subprocess.TimeoutExpired as error:
            raise FlashError(
                f"expected avrdude to end within {AVRDUDE_WITHIN_S:g} s; plug the board in again"
            ) from error
    if done.returncode != 0:
        said = " / ".join(done.stderr.strip().splitlines()[-3:]) or f"exit code {done.returncode}"
        raise FlashError(f"--port: expected avrdude to reach an Uno at {port}, found: {said}; check the port")
