"""`edge-sort push`: carry a bundle to a line's computer, by ssh."""

from __future__ import annotations

from pathlib import Path

import click

from edge.remote_options import reached, remote_options
from edge.telling import tell


@click.command("push")
@click.argument("bundle", type=click.Path(path_type=Path))
@click.argument("where", metavar="HOST[:DIR]")
@remote_options
def push_command(bundle: Path, where: str, ssh_config: Path | None, far_edge_sort: str | None) -> None:
    """Send BUNDLE to DIR/pushed on a line's computer. DIR: by default your home there.

    The far side verifies it and unpacks it into a folder named after its digest, beside whatever runs, never over it:
    nothing sorts with it before it is promoted there.
    """
    from edge.push import push

    with reached(where, ssh_config, far_edge_sort) as (place, remote):
        done = push(bundle, place, remote, tell)
    how = "verified and unpacked" if done.new else "was there already"
    click.echo(f"{place.host}:{done.folder}: {how}; bundle sha256 {done.digest}")
    click.echo(f"next, there: edge-sort promote {done.folder} --line LINE")
