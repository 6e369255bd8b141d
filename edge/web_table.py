"""The table of a machine file for the operator's page."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from edge.tables import Table

DEFAULT_HOST, DEFAULT_PORT = "127.0.0.1", 8080


class WebTable(Table):
    """[web] The operator's page of `edge-sort run --web`. Beyond 127.0.0.1 it listens only where there are tokens.

    tokens: the file of them; web-tokens.json by default, if there is one. names: under which a proxy or a name server
    makes the page known, beside its address.
    """

    host: str = Field(default=DEFAULT_HOST, min_length=1)
    port: int = Field(default=DEFAULT_PORT, ge=0, le=65535)
    tokens: Path | None = None
    names: tuple[str, ...] = ()
