"""Show pictures where there is only a terminal: as coloured half blocks, or numbered on one sheet to be looked at."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from edge.durable import whole_file
from edge.errors import DataError
from edge.pictures import read_picture
from edge.review import ReviewPart

_SHOWN_PX, _TEXT_PX, _COLUMNS = 176, 30, 6
_UPPER_HALF = "\u2580"
_PAPER, _INK = (255, 255, 255), (20, 20, 20)


def half_blocks(picture: Path, width: int = 64) -> str:
    """Return a picture as lines for a terminal with 24-bit colour, two pixels in each character.

    Raises DataError when it cannot be read.
    """
    image = Image.fromarray(read_picture(picture))
    rows = max(2, round(width * image.height / image.width) // 2 * 2)
    pixels = np.asarray(image.resize((width, rows), Image.Resampling.LANCZOS))
    lines = []
    for upper, lower in zip(pixels[0::2], pixels[1::2], strict=True):
        cells = (
            f"\x1b[38;2;{a[0]};{a[1]};{a[2]};48;2;{b[0]};{b[1]};{b[2]}m{_UPPER_HALF}"
            for a, b in zip(upper, lower, strict=True)
        )
        lines.append("".join(cells) + "\x1b[0m")
    return "\n".join(lines)


def write_sheet(parts: Sequence[ReviewPart], file: Path) -> None:
    """Write the parts' pictures into one PNG, numbered from 1, with what the line thought below each.

    An older sheet is replaced. A picture that cannot be read is left grey. Raises DataError for no part.
    """
    if not parts:
        raise DataError("expected parts to show, found none")
    columns = min(_COLUMNS, len(parts))
    rows = -(-len(parts) // columns)
    sheet = Image.new("RGB", (columns * _SHOWN_PX, rows * (_SHOWN_PX + _TEXT_PX)), _PAPER)
    draw = ImageDraw.Draw(sheet)
    for index, part in enumerate(parts):
        x, y = index % columns * _SHOWN_PX, index // columns * (_SHOWN_PX + _TEXT_PX)
        sheet.paste(_shown(part.picture), (x + 4, y + 4))
        told = f"{part.label or '-'} {part.score:.2f}{' audit' if part.audited else ''}"
        draw.text((x + 4, y + _SHOWN_PX - 2), f"{index + 1}", fill=_INK, font_size=18)
        draw.text((x + 34, y + _SHOWN_PX + 2), told, fill=_INK, font_size=12)
    with whole_file(file, replace=True) as out:
        sheet.save(out, "PNG")


def _shown(picture: Path) -> Image.Image:
    side = _SHOWN_PX - 8
    try:
        image = Image.fromarray(read_picture(picture))
    except DataError:
        return Image.new("RGB", (side, side), (160, 160, 160))
    scale = side / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.BILINEAR)
