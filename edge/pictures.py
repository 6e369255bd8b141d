"""Read a picture file into RGB pixels, or say in one sentence why not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from edge.errors import DataError

MIN_SIDE_PX = 8
MAX_PIXELS = 100_000_000  # a 12-megapixel phone photo is 8 times smaller; a decoded picture of this size takes 300 MB

PICTURE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".gif", ".ppm", ".pgm", ".jp2", ".avif"}
)


def read_picture(path: Path) -> NDArray[np.uint8]:
    """Read any picture Pillow knows as RGB, shape (height, width, 3), dtype uint8.

    The EXIF orientation is applied, transparency is put on white, 16-bit grey is scaled to 8 bits.
    Raises DataError when the file is no picture, is damaged, or is smaller or larger than is sensible.
    """
    if path.is_dir():
        raise DataError(f"{path}: expected a picture, found a folder; give the pictures in it")
    try:
        with _own_size_limit(), Image.open(path) as picture:
            _check_size(path, *picture.size)
            return np.asarray(_upright_rgb(picture))
    except UnidentifiedImageError as error:
        raise DataError(
            f"{path}: expected a picture, found a file that no picture reader knows; delete it or save it again"
        ) from error
    except FileNotFoundError as error:
        raise DataError(f"{path}: expected a picture, found no such file; check the path") from error
    except (OSError, SyntaxError, ValueError) as error:
        raise DataError(f"{path}: expected a whole picture, found a damaged one ({error}); save it again") from error


def _check_size(path: Path, width_px: int, height_px: int) -> None:
    if min(width_px, height_px) < MIN_SIDE_PX:
        raise DataError(
            f"{path}: expected at least {MIN_SIDE_PX}x{MIN_SIDE_PX} pixels, found {width_px}x{height_px}; "
            "use a larger picture"
        )
    if width_px * height_px > MAX_PIXELS:
        raise DataError(
            f"{path}: expected at most {MAX_PIXELS // 1_000_000} megapixels, found {width_px}x{height_px} pixels; "
            "shrink the picture"
        )


@contextmanager
def _own_size_limit() -> Iterator[None]:
    """Put Pillow's limit out of force: ours is checked from the header too, and can say how large the picture is."""
    theirs, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    try:
        yield
    finally:
        Image.MAX_IMAGE_PIXELS = theirs


def _upright_rgb(picture: Image.Image) -> Image.Image:
    upright = ImageOps.exif_transpose(picture)
    if upright.mode.startswith("I;16") or upright.mode == "I":
        wide = np.asarray(upright).astype(np.uint32)
        return Image.fromarray((wide >> 8).clip(0, 255).astype(np.uint8)).convert("RGB")
    if upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info:
        body = upright.convert("RGBA")
        ground = Image.new("RGBA", body.size, "white")
        return Image.alpha_composite(ground, body).convert("RGB")
    return upright.convert("RGB")
