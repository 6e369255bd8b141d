"""What a model expects and answers beyond what its tensors say; models made elsewhere have habits of their own."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, field_validator


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Normalization(_Record):
    """The input's real value is (pixel - mean) / std, pixels 0..255; one mean and std for all channels or for each."""

    mean: tuple[float, ...] = Field(min_length=1, max_length=3)
    std: tuple[float, ...] = Field(min_length=1, max_length=3)

    @field_validator("mean", "std")
    @classmethod
    def _finite(cls, values: tuple[float, ...]) -> tuple[float, ...]:
        if not all(math.isfinite(value) for value in values):
            raise ValueError("expected numbers to count with")
        return values

    @field_validator("std")
    @classmethod
    def _divides(cls, values: tuple[float, ...]) -> tuple[float, ...]:
        if 0 in values:
            raise ValueError("expected no zero to divide by")
        return values

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
