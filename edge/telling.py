"""What a user hears on stderr while a command works."""

from __future__ import annotations

import click


def tell(line: str) -> None:
    """Say a step that begins, or a note or warning that is complete in itself."""
    click.echo(line if line.startswith(("Note", "Warning")) else f"{line} ...", err=True)
