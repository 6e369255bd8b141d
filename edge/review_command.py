"""`edge-sort review`: say what doubtful and audited parts truly were, and hand their pictures to the next training."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    import sqlite3

    from edge.journal_read import Period
    from edge.review import Kind, ReviewPart

_PATH = click.Path(path_type=Path)


@click.command("review")
@click.argument("journal", type=_PATH)
@click.option(
    "--only", type=click.Choice(["all", "audited", "doubtful"]), default="all", show_default=True, help="Which parts."
)
@click.option("-n", "--count", type=click.IntRange(1, 10_000), default=50, show_default=True, help="Parts at most.")
@click.option("--run", "runs", type=click.IntRange(1), multiple=True, help="Only this run; may be repeated.")
@click.option("--by", default="", help="Who says so; goes into the journal.")
@click.option(
    "--show",
    type=click.Choice(["blocks", "sheet", "both"]),
    help="blocks: in the terminal. sheet: all of them, numbered, in one PNG. Default: blocks where it has colours.",
)
@click.option("--sheet", type=_PATH, help="The PNG of --show sheet. Default: JOURNAL-review.png beside the journal.")
@click.option("--open", "open_sheet", is_flag=True, help="Open the sheet with this computer's image viewer.")
@click.option(
    "--export", type=_PATH, metavar="DIR", help="Ask nothing: copy what was reviewed into a folder per class."
)
@click.option("--without-audited", is_flag=True, help="With --export: leave the audited parts for measuring.")
def review_command(
    journal: Path,
    only: Kind,
    count: int,
    runs: tuple[int, ...],
    by: str,
    show: str | None,
    sheet: Path | None,
    open_sheet: bool,
    export: Path | None,
    without_audited: bool,
) -> None:
    """Go through the parts of JOURNAL that wait for a person: those drawn to be audited, then the doubtful ones.

    One key for each; without a terminal, a line for each on the standard input. Every answer is in the journal at once.
    """
    from edge.journal_file import opened_to_read
    from edge.journal_read import Period

    period = Period(runs=runs or None)
    with opened_to_read(journal) as db:
        if export is not None:
            _export(db, journal, export, period, audited=not without_audited)
        else:
            _review(db, journal, only, count, period, by, show or _usual_show(), _sheet(journal, sheet), open_sheet)


def _export(db: sqlite3.Connection, journal: Path, out: Path, period: Period, *, audited: bool) -> None:
    from edge.review_export import export_reviewed

    done = export_reviewed(db, journal, out, period, audited=audited)
    click.echo(f"{out}: {done.sentence}")


def _review(
    db: sqlite3.Connection,
    journal: Path,
    only: Kind,
    count: int,
    period: Period,
    by: str,
    show: str,
    sheet: Path,
    open_sheet: bool,
) -> None:
    from itertools import islice

    from edge.line_journal import pictures_folder
    from edge.review import answer, waiting_parts, waiting_without_picture
    from edge.review_dialog import Dialog
    from edge.review_pictures import half_blocks, write_sheet

    parts = list(islice(waiting_parts(db, journal, only, period), count))
    if not parts:
        gone = waiting_without_picture(db, journal, period)
        click.echo("no part waits for a person (journal.audit_share draws some; doubtful parts wait by themselves)")
        if gone:
            click.echo(f"{gone} more had a picture, which is not in {pictures_folder(journal)}: copy that folder too")
        return
    if show in ("sheet", "both"):
        write_sheet(parts, sheet)
        click.echo(f"look at {sheet}: {len(parts)} parts, numbered")
        if open_sheet:
            click.launch(str(sheet))

    def show_part(index: int, part: ReviewPart) -> None:
        if show in ("blocks", "both"):
            click.echo(half_blocks(part.picture), color=True)
        drawn = ", drawn to be audited" if part.audited else ""
        click.echo(f"\n{index + 1} of {len(parts)}: run {part.run} part {part.part}{drawn}\n   {part.thought}")

    def say(part: ReviewPart, label: str | None) -> None:
        done = answer(db, journal, part, label, by)
        click.echo(f"   truly {done.label}")

    dialog = Dialog(show_part, _key if sys.stdin.isatty() else _line, say, click.echo)
    click.echo(dialog.go_through(parts).sentence)
    click.echo(f"hand their pictures to the next training with: edge-sort review {journal} --export DATA")


def _usual_show() -> str:
    coloured = sys.stdout.isatty() and os.environ.get("COLORTERM", "") in ("truecolor", "24bit")
    return "blocks" if coloured else "sheet"


def _sheet(journal: Path, given: Path | None) -> Path:
    return given or journal.with_name(f"{journal.stem}-review.png")


def _key(prompt: str) -> str | None:
    """Return one key; Ctrl-C, Ctrl-D and Escape end."""
    click.echo(prompt, nl=False)
    try:
        key = click.getchar()
    except (KeyboardInterrupt, EOFError):
        key = "\x04"
    click.echo("" if key in ("\r", "\n") or not key.isprintable() else key)
    if key in ("\x03", "\x04", "\x1b"):
        return None
    return "" if key in ("\r", "\n") else key


def _line(prompt: str) -> str | None:
    click.echo(prompt)
    line = sys.stdin.readline()
    return line.rstrip("\n") if line else None
