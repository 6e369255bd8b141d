"""`edge-sort mqtt`: try the broker that the machine file names, or tell it what it has missed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from edge.counted import counted

if TYPE_CHECKING:
    from edge.machine import Machine
    from edge.mqtt_table import MqttTable

_MACHINE = click.option("--machine", type=click.Path(path_type=Path), required=True, help="The machine file.")


@click.group("mqtt")
def mqtt_command() -> None:
    """The broker of [mqtt] in the machine file. A running line tells it everything by itself."""


@mqtt_command.command("check")
@_MACHINE
def check_command(machine: Path) -> None:
    """Connect as the line would, say what it would say it is, and leave again. Nothing is published."""
    from edge.machine import read_machine
    from edge.mqtt_drain import try_broker

    table = _table(machine, read_machine(machine))
    kept = try_broker(table)
    click.echo(f"{table.host}:{table.broker_port} lets line {table.line!r} in" + (", over TLS" if table.tls else ""))
    click.echo(f"topics: {table.base}/state, incident, part, counts, availability")
    click.echo(f"the broker keeps of it: {', '.join(kept) or 'nothing'}")


@mqtt_command.command("publish")
@click.argument("journal", type=click.Path(path_type=Path))
@_MACHINE
@click.option(
    "--from-run",
    type=click.IntRange(1),
    help="For a broker that has heard nothing of JOURNAL: begin with this run. Default: the last one.",
)
def publish_command(journal: Path, machine: Path, from_run: int | None) -> None:
    """Tell the broker what it does not know yet of JOURNAL, while no line writes to it, and end."""
    from edge.machine import read_machine
    from edge.mqtt_drain import tell_broker

    described = read_machine(machine)
    told = tell_broker(described, _table(machine, described), journal, from_run)
    click.echo(
        f"told: {counted(told.parts, 'part')}, {counted(told.incidents, 'incident')}, {told.changes} changes of state"
    )
    if told.waiting:
        click.echo(f"{told.waiting} parts wait for their run to end, or for the next one to begin")


def _table(path: Path, machine: Machine) -> MqttTable:
    from edge.errors import MachineError

    if machine.mqtt is None:
        raise MachineError(f"{path}: expected a table [mqtt] that names the broker and the line, found none; add it")
    return machine.mqtt
