"""What bundle.json says: every fact about a model that travels with it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from edge.bundle_files import FileFact, ShownText
from edge.conventions import OWN, Conventions
from edge.golden import Golden
from edge.preprocess import InputSpec
from edge.test_card import TestCard

FORMAT_VERSION = 1


class _Facts(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Quantization(_Facts):
    """How a tensor stores real values: real = scale * (stored - zero_point)."""

    dtype: ShownText
    scale: float
    zero_point: int


class Threshold(_Facts):
    """The lowest score at which a part may go to its class's bin.

    purity and recovery (0..1) are what this score gave on the validation pictures; None when no picture
    there was answered with this label.
    """

    min_score: float = Field(ge=0, le=1)
    purity: float | None = None
    recovery: float | None = None


class Unknown(_Facts):
    """How parts of no known class are told: their best score is below `min_score`.

    known_kept: share of the rightly answered validation pictures that reach it; None when it was not measured.
    foreign_pictures and foreign_rejected: how many pictures of no known class were shown, and how many of them the
    thresholds and this score together send to reject.
    """

    min_score: float = Field(default=0.0, ge=0, le=1)
    known_kept: float | None = Field(default=None, ge=0, le=1)
    foreign_pictures: int = Field(default=0, ge=0)
    foreign_rejected: int = Field(default=0, ge=0)


class BundleFacts(_Facts):
    """The contents of bundle.json.

    temperature: how much the model's scores are softened before they are compared with thresholds. forced: why the
    bundle should not have been made, sentence by sentence; somebody made it nevertheless. golden: None in a bundle made
    before there were any.
    """

    format_version: int
    labels: tuple[str, ...] = Field(min_length=2)
    input: InputSpec
    input_quantization: Quantization
    output_quantization: Quantization
    conventions: Conventions = OWN
    thresholds: dict[str, Threshold]
    temperature: float = Field(default=1.0, gt=0, le=100)
    unknown: Unknown = Unknown()
    forced: tuple[ShownText, ...] = ()
    provenance: dict[str, Any]
    test_card: TestCard
    golden: Golden | None = None
    files: dict[str, FileFact]
