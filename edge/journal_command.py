"""`edge-sort journal`: look into the record, export it, sum up a shift, say what a part truly was."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edge.counted import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime
    from typing import TextIO

    from edge.journal_read import Period

_JOURNAL = click.argument("journal", type=click.Path(path_type=Path))
_FOLLOW_S = 0.5


@click.group("journal")
def journal_command() -> None:
    """Look into the record of every part, also while a sorter writes to it."""


def _period_options(command: Any) -> Any:
    options = (
        click.option("--run", "runs", type=click.IntRange(1), multiple=True, help="Only this run; may be repeated."),
        click.option("--since", help="Only parts decided from this moment on, as 2026-01-05T06:00 (local time)."),
        click.option("--until", help="Only parts decided before this moment."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@journal_command.command("tail")
@_JOURNAL
@click.option("-n", "--count", type=click.IntRange(1, 100_000), default=20, show_default=True)
@click.option("--follow", is_flag=True, help="Go on with parts as they come, until Ctrl-C.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object per part instead of text.")
def tail_command(journal: Path, count: int, follow: bool, as_json: bool) -> None:
    """Print the newest parts of JOURNAL."""
    from edge.journal_file import opened_to_read
    from edge.journal_read import last_parts

    after = (0, 0)
    with opened_to_read(journal) as db:
        while True:
            for record in last_parts(db, count, after):
                after = (record["run"], record["part"])
                click.echo(json.dumps(record) if as_json else _line(record))
            if not follow:
                return
            count = 100_000  # from now on all that came in between
            time.sleep(_FOLLOW_S)


@journal_command.command("export")
@_JOURNAL
@click.option("--format", "form", type=click.Choice(["csv", "jsonl"]), default="csv", show_default=True)
@click.option("--out", type=click.Path(path_type=Path), help="File to write, new. Default: standard output.")
@_period_options
def export_command(
    journal: Path, form: str, out: Path | None, runs: tuple[int, ...], since: str | None, until: str | None
) -> None:
    """Write every part of JOURNAL as CSV or JSON Lines, with the last correction of each."""
    import io

    from edge.durable import whole_file
    from edge.journal_export import write_csv, write_jsonl
    from edge.journal_file import opened_to_read
    from edge.journal_read import read_parts, runs_of

    write: Callable[[Iterable[dict[str, Any]], TextIO], int] = write_csv if form == "csv" else write_jsonl
    period = _period(runs, since, until)
    with opened_to_read(journal) as db:
        records = read_parts(db, runs_of(db, period, journal), period)
        if out is None:
            write(records, sys.stdout)
            return
        with whole_file(out) as raw:
            text = io.TextIOWrapper(raw, encoding="utf-8", newline="")
            count = write(records, text)
            text.flush()
            text.detach()
    click.echo(f"{out}: {counted(count, 'part')}")


@journal_command.command("report")
@_JOURNAL
@_period_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
def report_command(journal: Path, runs: tuple[int, ...], since: str | None, until: str | None, as_json: bool) -> None:
    """Sum up a shift of JOURNAL: counts, rates, gate timing, and purity and recovery of what was audited.

    Without --run, --since and --until: the last run.
    """
    from edge.journal_file import opened_to_read
    from edge.journal_read import Period, read_runs, runs_of
    from edge.journal_report import report_text, shift_report

    period = _period(runs, since, until)
    with opened_to_read(journal) as db:
        if period == Period():
            period = Period(runs=tuple(run.run for run in read_runs(db)[-1:]))
        report = shift_report(db, runs_of(db, period, journal), period)
    click.echo(json.dumps(report.as_dict()) if as_json else report_text(report))


@journal_command.command("snapshot")
@_JOURNAL
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--replace", is_flag=True, help="FILE may be an older copy.")
def snapshot_command(journal: Path, file: Path, replace: bool) -> None:
    """Copy JOURNAL into FILE as it is at one moment, also while a sorter writes to it."""
    from edge.journal_snapshot import snapshot_journal

    click.echo(f"{file}: {counted(snapshot_journal(journal, file, replace=replace), 'part')}")


@journal_command.command("audit")
@_JOURNAL
@click.option("-n", "--count", type=click.IntRange(1), default=20, show_default=True)
def audit_command(journal: Path, count: int) -> None:
    """List parts of JOURNAL that were drawn to be audited and wait for a person, each with its picture."""
    from edge.journal_file import opened_to_read
    from edge.journal_read import parts_to_audit

    with opened_to_read(journal) as db:
        waiting = parts_to_audit(db, count)
    for record in waiting:
        click.echo(f"{_line(record)}  {record['picture']}")
    if not waiting:
        click.echo("no part waits to be audited (journal.audit_share of the machine file draws them)")


@journal_command.command("correct")
@_JOURNAL
@click.argument("part", type=click.IntRange(0, 2**63 - 1))
@click.argument("label")
@click.option("--run", type=click.IntRange(1), help="The part's run. Default: the last one.")
@click.option("--by", default="", help="Who says so.")
@click.option("--note", default="", help="Anything worth knowing.")
def correct_command(journal: Path, part: int, label: str, run: int | None, by: str, note: str) -> None:
    """Record that PART of JOURNAL truly is LABEL ("unknown" for none of the bundle's), beside what was decided.

    Say so also of parts that were decided rightly when they were drawn to be audited: purity is counted from both.
    """
    from edge.corrections import correct
    from edge.journal_file import opened_to_read

    with opened_to_read(journal) as db:
        done = correct(db, journal, part, label, run=run, by=by, note=note)
    counts = "counts for purity and recovery" if done.audited else "was not drawn, so it does not count for purity"
    was = f"{done.decided_label or 'unclassified'} -> {done.decided_bin}"
    click.echo(f"run {done.run} part {done.part}: decided {was}, truly {done.label}; {counts}")


def _period(runs: tuple[int, ...], since: str | None, until: str | None) -> Period:
    from edge.journal_read import Period

    begin, end = _moment("--since", since), _moment("--until", until)
    if begin is not None and end is not None and begin >= end:
        raise click.BadParameter(
            f"expected a moment after --since {since}, found {until}; correct it", param_hint="--until"
        )
    return Period(runs or None, begin, end)


def _moment(option: str, text: str | None) -> datetime | None:
    from datetime import datetime

    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError) as error:
        raise click.BadParameter(
            f"expected a moment such as 2026-01-05T06:00, found {text!r}; correct it", param_hint=option
        ) from error


def _line(record: dict[str, Any]) -> str:
    why = "" if record["reason"] == "sorted" else f" ({record['reason']})"
    truth = f"  truly {record['true_label']}" if record["true_label"] else ""
    when = record["decided_utc"][:23]
    return (
        f"run {record['run']} part {record['part']:>5}  {when}  {record['label']:<14} {record['score']:.3f}  "
        f"-> {record['bin']}{why}{truth}"
    )
