"""What the project's pages share: templates, style, how figures read, pictures that travel inside the page."""

from __future__ import annotations

import base64
import io
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from PIL import Image

from edge.extras import need
from edge.pictures import read_picture

THUMBNAIL_PX = 80


def render(package: str, template: str, **facts: Any) -> str:
    """Fill a template of `package`. It may include this folder's page.css and import its parts.html.j2."""
    page: str = _templates(package).get_template(template).render(**facts)
    return page


@cache
def _templates(package: str) -> Any:
    """Return what reads the templates of a package, and compiles each only once."""
    jinja2 = need("jinja2", "desktop", "writing the report")
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(lambda name: _source(package, name)),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters.update(percent=percent, points=_points, kilobytes=_kilobytes)
    return environment


def thumbnail_uri(path: Path, side_px: int = THUMBNAIL_PX) -> str:
    """Return a small copy of a picture as a data: address."""
    picture = Image.fromarray(read_picture(path))
    picture.thumbnail((side_px, side_px), Image.Resampling.LANCZOS)
    encoded = io.BytesIO()
    picture.save(encoded, "WEBP", quality=75)
    return data_uri("image/webp", encoded.getvalue())


def data_uri(kind: str, contents: bytes) -> str:
    """Return a file's contents as an address that needs no file."""
    return f"data:{kind};base64,{base64.b64encode(contents).decode()}"


def axis_start(lowest: float) -> float:
    """Start an accuracy axis at a round tenth below everything it shows, and never at the very end."""
    return min(0.9, int(lowest * 10) / 10)


def percent(share: float | None, digits: int = 1) -> str:
    """Show a share 0..1 in percent; a dash for none."""
    return "\N{EN DASH}" if share is None else f"{share * 100:.{digits}f} %"


def _points(change: float | None) -> str:
    """Show a change of a share in percentage points, with its sign."""
    if change is None:
        return "\N{EN DASH}"
    points = round(change * 100, 1)
    return "0.0" if points == 0 else f"{points:+.1f}".replace("-", "\N{MINUS SIGN}")


def _kilobytes(size: int) -> str:
    return f"{size / 1000:.0f} kB" if size < 10_000_000 else f"{size / 1_000_000:.1f} MB"


def _source(package: str, name: str) -> str | None:
    """Look in the page's own package first, then here."""
    for folder in (files(package), files("training")):
        if (found := folder.joinpath(name)).is_file():
            return found.read_text("utf-8")
    return None
