"""`edge-sort pull`: fetch a line's record, the pictures of doubtful parts, and photographs, by ssh."""

from __future__ import annotations

from pathlib import Path

import click

from edge.remote_options import reached, remote_options
from edge.telling import tell


@click.command("pull")
@click.argument("where", metavar="HOST[:DIR]")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder to bring up to date, or new.")
@click.option("--journal", default="journal.sqlite", show_default=True, help="The record's name in DIR.")
@click.option("--captures", default="captures", show_default=True, help="The folder of photographs in DIR.")
@click.option("--no-journal", is_flag=True, help="Photographs only.")
@remote_options
def pull_command(
    where: str,
    out: Path,
    journal: str,
    captures: str,
    no_journal: bool,
    ssh_config: Path | None,
    far_edge_sort: str | None,
) -> None:
    """Fetch from a line's computer what is not here yet. DIR: the folder the line runs in; by default your home there.

    The line goes on meanwhile. Run it again whenever you like: only what is new travels, nothing here is removed, and
    what you said of parts in your copy stays. Your ssh keys, configuration and known hosts apply.
    """
    from edge.pull import PullWants, pull

    wants = PullWants(None if no_journal else journal, captures)
    with reached(where, ssh_config, far_edge_sort) as (place, remote):
        done = pull(place, remote, out, wants, tell)
    click.echo(
        f"{out}: {done.parts} new parts, {done.pictures} new pictures of doubtful parts, "
        f"{done.photographs} new photographs"
    )
    if done.journal is not None:
        click.echo(f"next: edge-sort review {done.journal}")
