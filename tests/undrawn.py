"""A matplotlib figure that draws nothing, for tests that read the words around it."""

from __future__ import annotations

from unittest.mock import MagicMock

import numpy as np
from PIL import Image


class UndrawnFigure(MagicMock):
    """Takes every call of a figure and of its axes; its PNG is one pixel."""

    def subplots(self, *shape, squeeze=True, **_options):
        """Return axes as matplotlib does: one, a row of them, or a table."""
        if not shape:
            return MagicMock()
        places = np.empty(shape, dtype=object)
        for place in np.ndindex(shape):
            places[place] = MagicMock()
        return places.ravel() if squeeze and min(shape) == 1 else places

    def savefig(self, file, **_options):
        """Write a picture that any reader takes."""
        Image.new("1", (1, 1)).save(file, "PNG")
