"""What a quantization is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from quantize.convert import Ends
from quantize.edgetpu import EdgeTpuRequest
from quantize.judge import Limits


@dataclass(frozen=True)
class QuantizeOptions:
    """What `edge-sort quantize` is asked for.

    data: where the pictures lie now, if they moved since training. foreign: a folder of pictures of no known class.
    force: write the bundle whatever the verdict. calibration: how many pictures; None means as many as it takes.
    ends: what the model takes and gives. variants: measure the other ways to convert as well. layers: measure each
    layer even if little is lost. rescue: try remedies when too much is lost. spread: divide what goes into the last
    softmax by this (quantize.spread).
    """

    run: Path
    out: Path
    data: Path | None = None
    limits: Limits = field(default_factory=lambda: Limits(max_drop=0.01, purity=0.995))
    calibration: int | None = None
    foreign: Path | None = None
    force: bool = False
    ends: Ends = "int8"
    variants: bool = False
    edgetpu: EdgeTpuRequest | None = None
    layers: bool = False
    rescue: bool = False
    spread: float = 1.0
