"""The one resize of the project: training, calibration, report and device all call `preprocess`.

Two resizes are two data sets: Pillow's bilinear and TensorFlow's differ by 6 grey levels on average on fine texture,
enough to move a score by 0.4. So the filter, the fit and the channel order travel in the bundle as an InputSpec.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import BaseModel, ConfigDict, Field

_FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


class InputSpec(BaseModel):
    """What a model wants to see."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    width_px: int = Field(ge=8, le=1024)
    height_px: int = Field(ge=8, le=1024)
    color: Literal["rgb", "grey"] = "rgb"
    resize_filter: Literal["nearest", "bilinear", "bicubic", "lanczos"] = "bilinear"
    fit: Literal["stretch", "pad", "crop"] = "stretch"

    @property
    def channels(self) -> int:
        """Number of values per pixel: 3 for rgb, 1 for grey."""
        return 3 if self.color == "rgb" else 1

    @property
    def shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of one model input."""
        return self.height_px, self.width_px, self.channels


def preprocess(image: NDArray[np.uint8], spec: InputSpec) -> NDArray[np.uint8]:
    """Turn an RGB picture into a model input.

    image: (H, W, 3) uint8. Returns `spec.shape` uint8, values 0..255: rescaling is the network's own first layer.
    fit: "stretch" ignores the aspect, "crop" keeps the centre, "pad" keeps everything on a mid-grey ground.
    """
    picture = Image.fromarray(image)
    if spec.color == "grey":
        picture = picture.convert("L")
    size = (spec.width_px, spec.height_px)
    if spec.fit == "pad":
        resized = _padded(picture, size, _FILTERS[spec.resize_filter])
    else:
        box = _centre_box(picture.size, size) if spec.fit == "crop" else None
        resized = picture.resize(size, _FILTERS[spec.resize_filter], box=box)
    return np.asarray(resized).reshape(spec.shape)


def _centre_box(have: tuple[int, int], want: tuple[int, int]) -> tuple[float, float, float, float]:
    scale = min(have[0] / want[0], have[1] / want[1])
    width, height = want[0] * scale, want[1] * scale
    # Rounding may put an edge a hair outside the picture, which Pillow refuses.
    left, top = max(0.0, (have[0] - width) / 2), max(0.0, (have[1] - height) / 2)
    return left, top, min(left + width, have[0]), min(top + height, have[1])


def _padded(picture: Image.Image, want: tuple[int, int], resample: Image.Resampling) -> Image.Image:
    scale = min(want[0] / picture.width, want[1] / picture.height)
    inner = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    ground = Image.new(picture.mode, want, 128 if picture.mode == "L" else (128, 128, 128))
    ground.paste(picture.resize(inner, resample), ((want[0] - inner[0]) // 2, (want[1] - inner[1]) // 2))
    return ground
