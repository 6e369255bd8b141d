"""What a model costs: bytes, time, and how its calibration was found."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from quantize.latency import Latency
from quantize.stability import Step
from quantize.variants import Variant

NOT_FULL_INTEGER = "not full-integer: no Edge TPU, no microcontroller without floating point"


@dataclass(frozen=True)
class Cost:
    """Sizes, times on this machine, and the other ways to convert, when they were measured.

    macs: multiply-accumulates of one answer, counted in the integer model. full_integer: whether it is one throughout.
    """

    model_bytes: int
    macs: int
    full_integer: bool
    float_weight_bytes: int
    float_latency: Latency
    int8_latency: Latency
    calibration_steps: tuple[Step, ...] = ()
    variants: tuple[Variant, ...] = ()

    @property
    def latency_ratio(self) -> float:
        """Time of the integer model as a share of the float one's, both in the same runtime."""
        return self.int8_latency.median_ms / self.float_latency.median_ms

    def as_json(self) -> dict[str, Any]:
        """Return the facts as plain values."""
        return {**asdict(self), "latency_ratio": self.latency_ratio}
