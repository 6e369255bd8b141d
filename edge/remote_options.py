"""What `edge-sort pull` and `edge-sort push` share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from edge.remote import Place, Remote


def remote_options(command: Any) -> Any:
    """Add the options that say how the far side is reached."""
    options = (
        click.option("--ssh-config", type=click.Path(path_type=Path), help="Of ssh. Default: your own."),
        click.option(
            "--edge-sort",
            "far_edge_sort",
            metavar="PATH",
            help="The command there. Default: on its PATH, else ~/edge-sort/bin/edge-sort.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def reached(
    where: str, ssh_config: Path | None, far_edge_sort: str | None
) -> AbstractContextManager[tuple[Place, Remote]]:
    """Within the block the host of HOST[:DIR] can be asked. Raises RemoteError."""
    from contextlib import contextmanager

    from edge.remote import Place, Remote

    @contextmanager
    def open_it() -> Iterator[tuple[Place, Remote]]:
        place = Place.parse(where)
        with Remote(place.host, config=ssh_config, edge_sort=far_edge_sort) as remote:
            yield place, remote

    return open_it()
