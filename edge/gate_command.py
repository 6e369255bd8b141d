"""`edge-sort gate`: gates by hand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from edge.options import FiniteRange, ask_whether_clear

if TYPE_CHECKING:
    from edge.gates import GateMove


@click.group("gate")
def gate_command() -> None:
    """Move gates by hand."""


@gate_command.command("test")
@click.argument("name")
@click.option("--machine", type=click.Path(path_type=Path), required=True, help="The machine file.")
@click.option("--times", type=click.IntRange(1, 100), default=1, show_default=True)
@click.option("--open-ms", type=FiniteRange(1, 60_000), help="How long it is away. Default: its dwell_ms and move_ms.")
@click.option("--pause-ms", type=FiniteRange(1, 60_000), help="Rest between two openings. Default: 1000.")
@click.option("--yes", is_flag=True, help="Do not ask before it moves.")
def test_command(
    name: str, machine: Path, times: int, open_ms: float | None, pause_ms: float | None, yes: bool
) -> None:
    """Move the gate NAME, within its limits: is it wired right, and does it go where it should?

    Says first what will happen. Refuses while the line runs with this machine file.
    """
    from edge.gate_test import plan_test, run_test
    from edge.machine import read_machine
    from edge.machine_lock import gates_of

    described = read_machine(machine)
    test = plan_test(described, name, times=times, open_ms=open_ms, pause_ms=pause_ms)
    with gates_of(machine):
        click.echo(test.sentence)
        if test.board is None and described.gpio.pin_factory == "mock":
            click.echo("(gpio.pin_factory is mock: no real pin moves)")
        if not yes:
            ask_whether_clear()
        run_test(described, test, _say, click.echo)


@gate_command.command("rest")
@click.option("--machine", type=click.Path(path_type=Path), required=True, help="The machine file.")
@click.option(
    "--wait-s",
    type=FiniteRange(0, 60),
    default=5.0,
    show_default=True,
    help="How long to wait for pins that a process which just ended still holds.",
)
def rest_command(machine: Path, wait_s: float) -> None:
    """Bring every gate to rest, as after a line that was killed; the service does it whenever the line ends.

    Asks nothing. Refuses while the line runs with this machine file. Exit code 1 if a gate cannot be brought to rest.
    """
    from edge.boards import rest_board
    from edge.clocks import MonotonicClock
    from edge.errors import GateError
    from edge.gate_rest import rest_gates
    from edge.line import pin_specs
    from edge.machine import read_machine
    from edge.machine_lock import gates_of
    from edge.pins import open_pin_factory

    described = read_machine(machine)
    with gates_of(machine):
        if described.gpio.pin_factory == "mock":
            click.echo("(gpio.pin_factory is mock: no real pin of this computer moves)")
        clock, failed = MonotonicClock(), []
        try:
            factory = open_pin_factory(described.gpio.pin_factory)
            rest_gates(pin_specs(described), clock, factory, wait_s=wait_s, tell=click.echo)
        except GateError as error:  # pins that cannot be used do not keep the board's gates from resting
            failed.append(str(error))
        try:
            rest_board(described, clock, click.echo)
        except GateError as error:
            failed.append(str(error))
        if failed:
            raise GateError("; ".join(failed))


def _say(move: GateMove) -> None:
    if move.kind == "missed":
        click.echo("missed: it could not be made in time")
        return
    late = "" if move.due_at is None else f", {(move.at - move.due_at) * 1000:.2f} ms after its moment"
    click.echo(f"{move.kind}{late}")
