"""From a run folder to a judged integer model, and to a bundle when the judge says yes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.bundle import Bundle
from edge.durable import require_unused
from quantize.calibrate import BLACK_AND_WHITE, choose_calibration
from quantize.case import Case
from quantize.convert import convert
from quantize.edgetpu import OTHERWISE, EdgeTpuOutcome, compile_for_edgetpu
from quantize.foreign import foreign_pictures
from quantize.integer_model import IntegerModel, load_integer_model
from quantize.judge import Judgement, Refusal
from quantize.metadata import with_metadata
from quantize.options import QuantizeOptions
from quantize.pack import pack
from quantize.quiet import quiet
from quantize.refused_report import PAGE, forget_refused, require_replaceable, write_refused
from quantize.spread import spread_scores
from quantize.stability import MOST, PROBES, Converted, converted_stably
from training.dataset import load_inputs
from training.run_folder import Run, open_run


@dataclass(frozen=True)
class Outcome:
    """The judgement, and either the bundle or why there is none.

    edgetpu: None where nobody asked, or it never came to it. report: the folder with report.html and report.json.
    """

    judgement: Judgement
    report: Path
    bundle: Bundle | None = None
    refusal: Refusal | None = None
    edgetpu: EdgeTpuOutcome | None = None

    @property
    def page(self) -> Path:
        """The page that shows all of it."""
        return self.report / PAGE

    @property
    def refused(self) -> str:
        """The sentence for the user whose model was refused: the reason first, then what to try. Empty for others."""
        if self.refusal is None:
            return ""
        advice = "; ".join(self.refusal.advice)
        return f"refused: {self.refusal.reason}; no bundle was written, {self.page} shows why; {advice}"


def quantize_run(options: QuantizeOptions, tell: Callable[[str], None] = lambda _line: None) -> Outcome:
    """Convert, compare, judge and, if accepted, write the bundle; if not, its report alone, beside where it would be.

    `tell` hears each step before it starts. Raises DataError when the run, its pictures or the output folder cannot be
    used, ModelError when the network cannot be converted.
    """
    require_unused(options.out)
    require_replaceable(options.out)
    tell(f"reading {options.run}")
    run = open_run(options.run, options.data)
    if run.leak:
        tell(f"Note: {run.leak}")
    foreign_pictures(run, options.foreign)  # whoever misspelt that folder hears it now, not after minutes
    with quiet():
        model = run.load_model()
    spread_scores(model, options.spread)
    plain = _converted(options, run, model, tell)
    case = Case(options, run, model, plain, tell)
    judged = case.look_into(case.judge(plain))
    refusal, edgetpu = judged.judgement.refusal, None
    if refusal is None and options.edgetpu:
        edgetpu = compile_for_edgetpu(judged.integer.data, options.edgetpu, tell)
        refusal = None if edgetpu.refusal is None else Refusal(edgetpu.refusal, (OTHERWISE,))
    if refusal is not None:
        report = write_refused(options.out, judged.judgement, run.split["test"], refusal)
        return Outcome(judged.judgement, report, refusal=refusal, edgetpu=edgetpu)
    compiled = edgetpu.model if edgetpu else None
    bundle = pack(options.out, judged.integer, judged.judgement, run.split["test"], compiled)
    forget_refused(options.out)
    return Outcome(judged.judgement, options.out, bundle, edgetpu=edgetpu)


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
