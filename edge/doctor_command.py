"""`edge-sort doctor`: what on this computer keeps a line from running, and the command that mends it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from edge.doctor import Result

_STATUS_WIDTH, _NAME_WIDTH = 8, 19


@click.command("doctor")
@click.option("--machine", type=click.Path(path_type=Path), help="The machine file: its camera, pins and journal.")
@click.option("--bundle", type=click.Path(path_type=Path), help="The bundle to sort with.")
@click.option("--red-card", is_flag=True, help="Ask for a red card before the camera, and check the colours.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
def doctor_command(machine: Path | None, bundle: Path | None, red_card: bool, as_json: bool) -> None:
    """Look at this computer: Python, runtime, camera, pins, clock, disk. Nothing is changed and no pin is moved.

    Each line says ok, warn, fail or skipped, what was found, and the command that mends it. Exit code 1 if one fails.
    """
    from edge.doctor import CHECKS, as_dict, examine
    from edge.doctor_host import Host
    from edge.doctor_patient import admit

    if red_card and machine is None:
        raise click.UsageError("--red-card needs --machine: it names the camera")
    patient = admit(Host(), machine, bundle, _ask_for_red_card if red_card else None)
    results = []
    theme = ""
    for result in examine(patient, CHECKS):
        results.append(result)
        if not as_json:
            click.echo(_text(result, new_theme=result.check.theme != theme))
            theme = result.check.theme
    click.echo(json.dumps(as_dict(results), indent=2) if as_json else _summary(results))
    if any(result.finding.status == "fail" for result in results):
        raise SystemExit(1)


def _ask_for_red_card() -> None:
    click.prompt(
        "Hold a red card before the camera so that it fills the picture, then press Enter",
        default="",
        show_default=False,
        prompt_suffix=" ",
        err=True,
    )


def _text(result: Result, *, new_theme: bool) -> str:
    """Write a finding as one line, and what mends it as another below it."""
    name, finding = result.check.name, result.finding
    status = finding.status.upper() if finding.status == "fail" else finding.status
    lines = [result.check.theme] if new_theme else []
    lines.append(f"  {status:<{_STATUS_WIDTH}}{name:<{_NAME_WIDTH}} {finding.found}")
    if finding.mend is not None:
        lines.append(f"{'':{_STATUS_WIDTH + _NAME_WIDTH + 3}}mend: {finding.mend}")
    return "\n".join(lines)


def _summary(results: list[Result]) -> str:
    from edge.doctor import counts

    tally = counts(results)
    told = ", ".join(f"{count} {status}" for status, count in tally.items())
    return f"\n{'FAIL' if tally['fail'] else 'ok'}: {told}"
