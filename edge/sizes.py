"""What single parts of each class measure on this line, learned while it runs and from runs before.

Two parts that touch, or that a shadow joins, look like one part that is too large, too long or too ragged for the class
the model names. So every lone part's outline is remembered by its label, and one unlike the others is doubted.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from edge.shapes import Shape

LEARN_PARTS = 30  # of a class, before any is doubted
REMEMBERED_PARTS = 400
KEPT_PARTS = 100  # for the next run: few enough that other parts of the same label soon outweigh them
TRIMMED = 0.02  # of the parts remembered, at each end: joined ones that got among them
SPARE = 1.2  # how much larger or smaller than the others a part may be
SPARE_SOLIDITY = 0.04


class SizeBook:
    """Remembers the outlines of the last parts of every label, and says what is unlike them."""

    def __init__(self, remembered: Mapping[str, Sequence[Sequence[float]]] | None = None) -> None:
        """remembered: what `newest` of an earlier book returned. Raises ValueError, TypeError, AttributeError."""
        self._measured: dict[str, deque[tuple[float, float, float]]] = defaultdict(
            lambda: deque(maxlen=REMEMBERED_PARTS)
        )
        self._limits: dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]] = {}
        for label, outlines in (remembered or {}).items():
            for area_mm2, long_mm, solidity in outlines[-KEPT_PARTS:]:
                self._measured[label].append((float(area_mm2), float(long_mm), float(solidity)))
            self._learn(label)

    def note(self, label: str, shape: Shape) -> None:
        """Remember the outline of a part that lay alone, also one that is unlike the others: they may be wrong."""
        self._measured[label].append(_figures(shape))
        self._learn(label)

    def newest(self) -> dict[str, list[list[float]]]:
        """Return the outlines of the last KEPT_PARTS of every label, to four digits, for a later book."""
        return {
            label: [[float(f"{figure:.4g}") for figure in one] for one in list(measured)[-KEPT_PARTS:]]
            for label, measured in self._measured.items()
        }

    def _learn(self, label: str) -> None:
        measured = self._measured[label]
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
