"""What single parts of each class measure on this line, learned while it runs.

Two parts that touch, or that a shadow joins, look like one part that is too large, too long or too ragged for the class
the model names. So every lone part's outline is remembered by its label, and one unlike the others is doubted.
"""

from __future__ import annotations

from collections import defaultdict, deque

import numpy as np
from numpy.typing import NDArray

from edge.shapes import Shape

LEARN_PARTS = 30  # of a class, before any is doubted
REMEMBERED_PARTS = 400
TRIMMED = 0.02  # of the parts remembered, at each end: joined ones that got among them
SPARE = 1.2  # how much larger or smaller than the others a part may be
SPARE_SOLIDITY = 0.04


class SizeBook:
    """Remembers the outlines of the last parts of every label, and says what is unlike them."""

    def __init__(self) -> None:
        self._measured: dict[str, deque[tuple[float, float, float]]] = defaultdict(
            lambda: deque(maxlen=REMEMBERED_PARTS)
        )
        self._limits: dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]] = {}

    def note(self, label: str, shape: Shape) -> None:
        """Remember the outline of a part that lay alone, also one that is unlike the others: they may be wrong."""
        measured = self._measured[label]
        measured.append(_figures(shape))
        if len(measured) >= LEARN_PARTS:
            low, high = np.quantile(np.array(measured), [TRIMMED, 1 - TRIMMED], axis=0)
            spare = np.array([SPARE, SPARE, 1.0])
            self._limits[label] = low / spare - [0, 0, SPARE_SOLIDITY], high * spare + [0, 0, 1]

    def odd(self, label: str, shape: Shape) -> bool:
        """Whether the outline is unlike those of the parts of this label; never while too few have been seen."""
        if label not in self._limits:
            return False
        low, high = self._limits[label]
        figures = np.array(_figures(shape))
        return bool((figures < low).any() or (figures > high).any())


def _figures(shape: Shape) -> tuple[float, float, float]:
    return shape.area_mm2, shape.long_mm, shape.solidity
