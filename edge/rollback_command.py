"""`edge-sort rollback`: the bundle that ran before, at once."""

from __future__ import annotations

from pathlib import Path

import click

_PATH = click.Path(path_type=Path)


@click.command("rollback")
@click.option("--line", required=True, type=_PATH, help="The folder of the line's bundles.")
@click.option("--to", help="The first digits of another kept bundle's digest, as `promote --list` shows them.")
@click.option("--require-signed", type=_PATH, help="Only to a bundle signed by this public key.")
@click.option("--by", help="Whose word it is.  [default: who is logged in]")
@click.option("--why", default="", help="Why, for the history.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
def rollback_command(
    line: Path, to: str | None, require_signed: Path | None, by: str | None, why: str, as_json: bool
) -> None:
    """Make the bundle current again that ran before the current one: verified, and without measuring.

    A second rollback goes one further back, never to what was rolled back from; --to goes anywhere, also when
    the history is damaged or the link `current` leads nowhere.
    """
    from edge.line_bundles import LineBundles, name_of, who
    from edge.rollback import Word, roll_back

    change = roll_back(LineBundles(line), Word(by or who(), why), to=to, require_signed=require_signed)
    if as_json:
        click.echo(change.model_dump_json(include={"action", "before", "after", "at_utc", "by", "why", "forced"}))
        return
    before = name_of(change.before or "")
    click.echo(f"rolled back: {line}/current is {name_of(change.after)}, it was {before or 'no bundle of this line'}")
    for mended in change.forced:
        click.echo(f"note: {mended}")
    click.echo("a line that runs keeps the bundle it opened; start it anew: sudo systemctl restart edge-sort")
    if before and change.before != change.after:
        click.echo(f"forth again: edge-sort rollback --line {line} --to {before}")
