"""The blur score of a crop."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def sharpness(image: NDArray[np.uint8]) -> float:
    """Return how sharp a picture, (h, w, 3) uint8, is: the lower, the more blurred; 0 where nothing is to be seen.

    Variance of the Laplacian (Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy", ICPR 2000) of the
    green channel, over the channel's own variance, so that dim light and low contrast do not count as blur. It depends
    on the part, the scale and the sensor's noise: compare only crops of one machine.
    """
    grey = image[:, :, 1].astype(np.int32)
    if min(grey.shape) < 3:
        return 0.0
    laplacian = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:] - 4 * grey[1:-1, 1:-1]
    spread = float(grey.var())
    return float(laplacian.var()) / spread if spread > 0 else 0.0
