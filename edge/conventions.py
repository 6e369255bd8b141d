"""What a model expects and answers beyond what its tensors say; models made elsewhere have habits of their own."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, field_validator

_MOST = 1e6  # beyond any pixel and any rescaling


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Normalization(_Record):
    """The input's real value is (pixel - mean) / std, pixels 0..255; one mean and std for all channels or for each."""

    mean: tuple[float, ...]
    std: tuple[float, ...]

    @field_validator("mean", "std")
    @classmethod
    def _one_or_three(cls, values: tuple[float, ...]) -> tuple[float, ...]:
        if len(values) not in (1, 3) or not all(abs(value) <= _MOST for value in values):
            raise ValueError(f"expected one number or three, at most {_MOST:g}")
        return values

    @field_validator("std")
    @classmethod
    def _divides(cls, values: tuple[float, ...]) -> tuple[float, ...]:
        if not all(abs(value) >= 1 / _MOST for value in values):
            raise ValueError("expected no zero to divide by")
        return values

    @property
    def channels(self) -> int:
        """1 when all channels are treated alike, else their number."""
        return max(len(self.mean), len(self.std))

    def real_values(self) -> NDArray[np.float64]:
        """Return the real value of each pixel value, (256, 1 or 3)."""
        pixels = np.arange(256, dtype=np.float64)[:, np.newaxis]
        return np.asarray((pixels - np.array(self.mean)) / np.array(self.std))


class Conventions(_Record):
    """A model's habits; the defaults are those of our own.

    normalization: None when the input's real values are the pixels, or when each of its 256 steps is one.
    answers: "scores" from 0 to 1, or "logits" that softmax turns into such (one logit: the sigmoid does).
    """

    normalization: Normalization | None = None
    answers: Literal["scores", "logits"] = "scores"


OWN = Conventions()
