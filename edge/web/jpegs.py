"""Pictures for browsers, compressed when the first one asks."""

from __future__ import annotations

import io
from functools import cached_property

from PIL import Image

from edge.line_told import Pixels

QUALITY = 80


class Jpeg:
    """A picture that is compressed at most once."""

    def __init__(self, pixels: Pixels) -> None:
        self._pixels = pixels

    @cached_property
    def data(self) -> bytes:
        """The file."""
        return jpeg(self._pixels)


def jpeg(pixels: Pixels) -> bytes:
    """Return a picture as a JPEG file."""
    out = io.BytesIO()
    Image.frombytes("RGB", (pixels.width, pixels.height), pixels.rgb).save(out, "JPEG", quality=QUALITY)
    return out.getvalue()
