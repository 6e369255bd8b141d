"""`edge-sort mcu`: the board that moves gates, by itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edge.options import FiniteRange, ask_whether_clear
from firmware_bridge.sorter_command import build_command, feed_command

if TYPE_CHECKING:
    from firmware_bridge.board_test import Moved


def _of_a_board(command: Any) -> Any:
    port = click.option(
        "--port",
        required=True,
        help="Serial port: a board on USB /dev/ttyACM0, an RP2040's UART /dev/serial0. No board is needed for "
        "'emulated' (holds what a Pico does), 'emulated-uno', 'emulated-rp2040' and 'emulated-rp2040-usb'.",
    )
    baud = click.option("--baud", type=click.IntRange(1200, 4_000_000), default=115_200, show_default=True)
    return port(baud(command))


@click.group("mcu")
def mcu_command() -> None:
    """Put firmware on the microcontroller that moves gates, look at it, watch it, try it."""


mcu_command.add_command(build_command)
mcu_command.add_command(feed_command)


@mcu_command.command("flash")
@click.argument("board", type=click.Choice(["rp2040", "uno"]))
@click.option("--drive", type=click.Path(path_type=Path), help="rp2040: where the drive of its boot loader is mounted.")
@click.option("--port", help="uno: its serial port, such as /dev/ttyACM0.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Only write the files, into this folder.")
@click.option("--compiler", type=click.Choice(["gcc", "zig"]), help="Build it with this one first.")
def flash_command(board: str, drive: Path | None, port: str | None, out: Path | None, compiler: str | None) -> None:
    """Put the gate controller's firmware on a BOARD, or write it as files.

    A Pico: hold BOOTSEL while you plug it in, and give its drive. An Uno: give its port; avrdude does it.
    """
    from firmware_bridge.flash import flash_rp2040, flash_uno
    from firmware_bridge.write_firmware import write_firmware

    wanted = {"rp2040": ("--drive", drive), "uno": ("--port", port)}[board]
    if out is not None and drive is None and port is None:
        for path in write_firmware(board, out, compiler):
            click.echo(f"{path}: {path.stat().st_size:,} bytes")
        return
    ways = [name for name, value in (("--drive", drive), ("--port", port), ("--out", out)) if value is not None]
    if ways != [wanted[0]]:
        raise click.UsageError(
            f"for {board}: give {wanted[0]} to put it on the board, or --out to write it as files"
            f"{', not both' if {wanted[0], '--out'} <= set(ways) else ''}; found {' and '.join(ways) or 'neither'}"
        )
    if drive is not None:
        click.echo(
            f"{flash_rp2040(drive, compiler)}: the board starts with it now; try: edge-sort mcu info --port PORT"
        )
    elif port is not None:
        flash_uno(port, compiler)
        click.echo(f"the board on {port} starts with it now; try: edge-sort mcu info --port {port}")


@mcu_command.command("info")
@_of_a_board
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def info_command(port: str, baud: int, as_json: bool) -> None:
    """Say which board answers, what it can have, and how well its clock is known. Its gates come to rest."""
    import json

    from firmware_bridge.board_info import board_info

    _say_what_takes_long(port)
    info = board_info(port, baud)
    click.echo(json.dumps(info.as_dict(), indent=2) if as_json else info.sentences())


@mcu_command.command("monitor")
@_of_a_board
@click.option("--seconds", type=FiniteRange(0.1, 1e6), help="End after so long. Default: Ctrl-C.")
@click.option("--sensor", "pins", type=click.IntRange(0, 255), multiple=True, help="Watch this input pin, too.")
def monitor_command(port: str, baud: int, seconds: float | None, pins: tuple[int, ...]) -> None:
    """Print what the board tells, as it happens. Its gates come to rest and stay there."""
    from firmware_bridge.board_info import monitor

    _say_what_takes_long(port)
    monitor(port, baud, seconds, pins, click.echo)


@mcu_command.command("test")
@_of_a_board
@click.option("--pin", type=click.IntRange(0, 255), required=True, help="The board's number of the gate's pin.")
@click.option("--active-low", is_flag=True, help="The pin is high at rest.")
@click.option("--times", type=click.IntRange(1, 1000), default=3, show_default=True)
@click.option("--open-ms", type=FiniteRange(1, 5000), default=100, show_default=True)
@click.option("--pause-ms", type=FiniteRange(1, 60_000), default=400, show_default=True)
@click.option("--yes", is_flag=True, help="Do not ask before it moves.")
def test_command(
    port: str, baud: int, pin: int, active_low: bool, times: int, open_ms: float, pause_ms: float, yes: bool
) -> None:
    """Move a pin by the board's clock, and say how near to the planned moments it moved.

    Exit code 1 when a move was missed.
    """
    from firmware_bridge.board_test import PinTest, run_pin_test

    test = PinTest(pin, not active_low, times, open_ms / 1000, pause_ms / 1000)
    click.echo(test.sentence)
    if not yes:
        ask_whether_clear()
    _say_what_takes_long(port)
    result = run_pin_test(port, baud, test, _say)
    click.echo(result.sentence)
    result.check()


def _say_what_takes_long(port: str) -> None:
    if port in ("emulated", "emulated-uno"):
        click.echo("compiling the firmware's core for this computer", err=True)


def _say(moved: Moved) -> None:
    click.echo(moved.sentence)
