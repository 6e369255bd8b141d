"""From a run folder to a judged integer model, and to a bundle when the judge says yes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.bundle import Bundle
from edge.durable import require_unused
from quantize.calibrate import BLACK_AND_WHITE, choose_calibration
from quantize.case import Case
from quantize.convert import convert
from quantize.edgetpu import EdgeTpuOutcome, compile_for_edgetpu
from quantize.foreign import foreign_pictures
from quantize.integer_model import IntegerModel, load_integer_model
from quantize.judge import Judgement
from quantize.metadata import with_metadata
from quantize.options import QuantizeOptions
from quantize.pack import pack
from quantize.quiet import quiet
from quantize.stability import MOST, PROBES, Converted, converted_stably
from training.dataset import load_inputs
from training.run_folder import Run, open_run


@dataclass(frozen=True)
class Outcome:
    """The judgement, and the bundle when there is one. edgetpu: None where nobody asked, or it never came to it."""

    judgement: Judgement
    bundle: Bundle | None
    edgetpu: EdgeTpuOutcome | None = None

    @property
    def refusal(self) -> str | None:
        """Why there is no bundle, None when there is one."""
        if self.bundle is not None:
            return None
        return (self.edgetpu.refusal if self.edgetpu else None) or self.judgement.refusal


def quantize_run(options: QuantizeOptions, tell: Callable[[str], None] = lambda _line: None) -> Outcome:
    """Convert, compare, judge and, if accepted, write the bundle. `tell` hears each step before it starts.

    Raises DataError when the run, its pictures or the output folder cannot be used, ModelError when the network
    cannot be converted.
    """
    require_unused(options.out)
    tell(f"reading {options.run}")
    run = open_run(options.run, options.data)
    foreign_pictures(run, options.foreign)  # whoever misspelt that folder hears it now, not after minutes
    with quiet():
        model = run.load_model()
    plain = _converted(options, run, model, tell)
    case = Case(options, run, model, plain, tell)
    judged = case.look_into(case.judge(plain))
    if judged.judgement.verdict == "refused":
        return Outcome(judged.judgement, None)
    edgetpu = compile_for_edgetpu(judged.integer.data, options.edgetpu, tell) if options.edgetpu else None
    if edgetpu is not None and edgetpu.refusal is not None:
        return Outcome(judged.judgement, None, edgetpu)
    compiled = edgetpu.model if edgetpu else None
    bundle = pack(options.out, judged.integer, judged.judgement, run.split["test"], compiled)
    return Outcome(judged.judgement, bundle, edgetpu)


def _converted(options: QuantizeOptions, run: Run, model: Any, tell: Callable[[str], None]) -> Converted:
    held_out = [*run.split["validation"], *run.split["test"]]
    candidates = choose_calibration(
        run.split["train"], count=options.calibration or MOST, seed=run.seed, held_out=held_out
    )

    def make(inputs: NDArray[np.uint8]) -> IntegerModel:
        pictures = len(inputs) - BLACK_AND_WHITE
        tell(f"converting, calibrated on {pictures} training pictures, one black and one white")
        converted = with_metadata(convert(model, inputs, options.ends), run.labels, run.spec)
        return load_integer_model(converted, run.labels, run.spec)

    probes = load_inputs(run.split["validation"][:PROBES], run.spec)
    return converted_stably(make, candidates, probes, run.spec, options.calibration)
