"""What an emulated belt carries: rendered parts, or photographs laid on the belt like tiles."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from PIL import Image

from edge.errors import DataError
from edge.labelled import LabelledPicture, labelled_pictures
from edge.pictures import read_picture
from edge.render import PART_LABELS, Sprite, render_sprite


class PartSource(Protocol):
    """Where the emulated feeder takes its parts from."""

    labels: tuple[str, ...]

    def sprite(self, label: str, rng: np.random.Generator, px_per_mm: float) -> Sprite:
        """Return the picture of a part of this class."""
        ...


class RenderedParts:
    """A new part every time, drawn by the project's renderer."""

    def __init__(self, labels: Sequence[str] = PART_LABELS) -> None:
        unknown = sorted(set(labels) - set(PART_LABELS))
        if unknown:
            raise DataError(
                f"expected a bundle of the rendered parts ({', '.join(PART_LABELS)}), found the label {unknown[0]!r}; "
                "give pictures of this bundle's parts with --parts"
            )
        self.labels = tuple(labels)

    def sprite(self, label: str, rng: np.random.Generator, px_per_mm: float) -> Sprite:
        """Render a part of this class."""
        return render_sprite(label, rng, px_per_mm)


class PicturedParts:
    """Photographs, each laid on the belt as a square tile with its own ground around the part.

    Taken in turn after one shuffle, so that every picture rides before one rides again.
    """

    def __init__(self, source: Path, size_mm: float, rng: np.random.Generator) -> None:
        """source: a folder per class or a split.json. Raises DataError; unreadable pictures are in `skipped`."""
        self.size_mm = size_mm
        self.skipped: list[str] = []
        self._pictures: dict[str, list[np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]] = {}
        for picture in labelled_pictures(source):
            self._take(picture)
        self.labels = tuple(sorted(self._pictures))
        self._turns = {label: 0 for label in self.labels}
        for label in self.labels:
            order = rng.permutation(len(self._pictures[label]))
            self._pictures[label] = [self._pictures[label][index] for index in order]
        if not self.labels:
            raise DataError(f"{source}: expected pictures to carry, found none that can be read; save them again")

    def sprite(self, label: str, rng: np.random.Generator, px_per_mm: float) -> Sprite:
        """Return the next photograph of this class."""
        pictures = self._pictures[label]
        image = pictures[self._turns[label] % len(pictures)]
        self._turns[label] += 1
        scale = self.size_mm * px_per_mm / max(image.shape[:2])
        size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
        tile = np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BILINEAR))
        solid = np.ones(tile.shape[:2], dtype=np.float32)
        return Sprite(tile, solid, np.zeros_like(solid), size[0] / px_per_mm, size[1] / px_per_mm)

    def _take(self, picture: LabelledPicture) -> None:
        try:
            image = read_picture(picture.path)
        except DataError as error:
            self.skipped.append(str(error))
            return
        self._pictures.setdefault(picture.label, []).append(image)
