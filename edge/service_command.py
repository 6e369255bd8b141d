"""`edge-sort service`: the line as a systemd service, started with the Pi and watched."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from edge.service_install import Target
    from edge.service_unit import Unit


def _unit_name(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,40}", value):
        raise click.BadParameter(f"{value!r} is no name of a service: letters a to z, digits and -")
    return value


_name = click.option("--name", callback=_unit_name, default="edge-sort", show_default=True, help="The service's name.")
_root = click.option(
    "--root",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=Path("/"),
    help="Another system's root, such as a mounted card's. Default: this system.",
)


@click.group("service")
def service_command() -> None:
    """Run the line as a systemd service: it starts with the Pi, and is started anew when it fails or hangs."""


@service_command.command("install")
@click.option("--machine", type=click.Path(path_type=Path), required=True, help="The machine file.")
@click.option("--bundle", type=click.Path(path_type=Path), required=True, help="The bundle to sort with.")
@click.option("--user", help="Who the line runs as. Default: who called sudo.")
@click.option("--program", type=click.Path(path_type=Path), help="The command edge-sort there. Default: this one.")
@click.option("--dry-run", is_flag=True, help="Print the unit, change nothing.")
@_name
@_root
@click.argument("run_options", nargs=-1, type=click.UNPROCESSED)
def install_command(
    machine: Path,
    bundle: Path,
    user: str | None,
    program: Path | None,
    dry_run: bool,
    name: str,
    root: Path,
    run_options: tuple[str, ...],
) -> None:
    """Write the unit. Options of `edge-sort run` may follow after --, such as: -- --journal /data/journal.sqlite

    The line runs in /var/lib/NAME, and its gates are brought to rest whatever ends it. Needs sudo, but for --dry-run.
    """
    from edge.service_install import Target, install

    target = Target.of(root.resolve())
    unit = _unit(target, name, machine, bundle, user, program, run_options)
    if dry_run:
        click.echo(unit.text, nl=False)
        click.echo(f"would be written to {target.unit(name)}", err=True)
        return
    for sentence in install(target, unit):
        click.echo(sentence)
    if target.live:
        click.echo(f"start it now: sudo systemctl start {name}\nhow it is:    edge-sort service status")


def _unit(
    target: Target,
    name: str,
    machine: Path,
    bundle: Path,
    user: str | None,
    program: Path | None,
    run_options: tuple[str, ...],
) -> Unit:
    """Check that the line would run, and return its unit. With --root, paths are those of the system there."""
    from edge import service_install as installing
    from edge.bundle import open_bundle
    from edge.line import check_labels
    from edge.machine import read_machine
    from edge.service_unit import GROUPS, Unit
    from edge.service_user import require_user

    described = read_machine(target.inside(machine))
    check_labels(described, open_bundle(target.inside(bundle)).labels)
    installing.require_fit_for_service(described, machine)
    arguments = ["--bundle", str(bundle.absolute()), "--machine", str(machine.absolute()), *run_options]
    written = _written(arguments, described.journal.path)
    runs_as = require_user(target.root, user, os.environ.get("SUDO_USER"))
    found = installing.find_program(target, program)
    python = [one for one in (found.with_name("python"),) if target.inside(one).exists()]
    for path in (machine, bundle, found, *python):
        runs_as.require_readable(target.root, target.inside(path))
    return Unit(
        name=name,
        user=runs_as.name,
        program=found,
        machine=machine.absolute(),
        arguments=arguments,
        pin_factory=described.gpio.pin_factory,
        groups=[group for group in GROUPS if group in runs_as.known_groups],
        writable=installing.writable_folders(target, written),
    )


def _written(arguments: list[str], journal: Path) -> list[Path]:
    """Read the arguments as `edge-sort run` will; return the paths it writes to. Raises a usage error as it would.

    journal: the machine file's.
    """
    from edge.run_command import run_command

    given = run_command.make_context("edge-sort run", list(arguments)).params
    if given.get("emulate") or given.get("replay"):
        raise click.UsageError("a service sorts on the machine: leave --emulate and --replay out")
    signed = given.get("require_signed")
    if signed is not None and not signed.is_absolute():
        raise click.UsageError(f"--require-signed: a service needs a path from / on, found {signed}")
    frames = given.get("save_frames")
    return [given.get("journal") or journal, *([frames] if frames else [])]


@service_command.command("uninstall")
@_name
@_root
def uninstall_command(name: str, root: Path) -> None:
    """Stop the line and remove its unit. The record stays."""
    from edge.service_install import Target, uninstall

    for sentence in uninstall(Target.of(root.resolve()), name):
        click.echo(sentence)


@service_command.command("status")
@_name
@_root
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
def status_command(name: str, root: Path, as_json: bool) -> None:
    """Say how the line is. Exit code 0 when it runs, 3 when it does not."""
    from edge.service_install import Target
    from edge.service_status import read_status

    status = read_status(Target.of(root.resolve()), name)
    click.echo(json.dumps(status.as_dict()) if as_json else status.sentence)
    if not status.active:
        raise SystemExit(3)
