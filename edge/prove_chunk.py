"""One chunk of a proof: a run of the line with faults, or two when one of them ends it before its time."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from edge.between import Between
from edge.chunks import Chunk, drawn_line
from edge.coloured_parts import ColouredParts, colour_model
from edge.emulate import emulate_line
from edge.emulated_world import EmulateOptions, packaged_bundle, without_inputs
from edge.end_signals import Stopped
from edge.faults import FaultRates, Faults
from edge.faulty import FaultyCamera, FaultyGates, FaultyHands, FaultyScorer, FaultySteps
from edge.judged import ChunkResult, broken_off, judged
from edge.line import LineModel, line_model
from edge.lived import Lived
from edge.machine import Machine
from edge.part_sources import PartSource, RenderedParts
from edge.pin_witness import PinWitness
from edge.signature import open_bundle_by
from edge.two_lives import run_two_lives

ModelName = Literal["packaged", "colours"]
IN_MEMORY = Path("/dev/shm")  # what a disk takes for a row is not what a proof is about
_BY_A_PERSON = {"interrupted": KeyboardInterrupt, "terminated": Stopped}  # it was the proof that was meant


@dataclass(frozen=True)
class ProofLine:
    """What all chunks of a proof sort with, and what is fed."""

    model: LineModel
    source: PartSource
    digest: str


def proof_line(model: ModelName) -> ProofLine:
    """Load what a proof sorts with. Raises EdgeSortError's children."""
    if model == "colours":
        return ProofLine(colour_model(), ColouredParts(), "colours")
    bundle = open_bundle_by(packaged_bundle(), None)
    return ProofLine(line_model(bundle), RenderedParts(bundle.labels), bundle.digest)


def prove_chunk(chunk: Chunk, line: ProofLine, rates: FaultRates, folder: Path) -> ChunkResult:
    """Run one chunk on the manual clock, its journal in a folder within `folder`, gone afterwards, and judge it.

    However it ends, that is the result. Raises KeyboardInterrupt or Stopped when a signal ended its line.
    """
    try:
        return _proved(chunk, line, rates, folder)
    except Exception as error:  # whatever a fault brings the line to is what a proof is looking for
        return broken_off(chunk, f"{type(error).__name__}: {error}")


def _proved(chunk: Chunk, line: ProofLine, rates: FaultRates, folder: Path) -> ChunkResult:
    machine, options = drawn_line(chunk, line.model.labels)
    faults, witness = Faults(rates, chunk.seed), PinWitness()
    between = Between(
        camera=lambda camera, clock: FaultyCamera(camera, clock, faults),
        steps=lambda steps, clock: FaultySteps(steps, clock, faults),
        scorer=lambda scorer, clock: FaultyScorer(scorer, clock, faults),
        gates=lambda gates: FaultyGates(gates, faults),
        pins=witness.pins,
        hands=FaultyHands(faults),
    )
    with tempfile.TemporaryDirectory(dir=folder) as own:
        options = replace(options, journal=Path(own) / "journal.sqlite")
        lived = _lived(options, machine, line, faults, between)
    if lived.because in _BY_A_PERSON:  # no fault ends a line so
        raise _BY_A_PERSON[lived.because]
    return judged(chunk, machine, lived, faults, witness)


def _lived(options: EmulateOptions, machine: Machine, line: ProofLine, faults: Faults, between: Between) -> Lived:
    kind = faults.ending()
    if kind is not None:
        machine = without_inputs(machine)  # whoever starts the program again is all the hands there are
        return run_two_lives(options, machine, line.model, line.source, line.digest, kind, faults, between)
    run = emulate_line(options, machine, line.model, line.source, line.digest, between=between)
    assert run.moving is not None, "emulate_line sees to it"
    stops = run.summary.incidents.get("belt_stopped", 0)
    return Lived(run.ended, run.rows, run.moving, run.because, run.ended_at, stops)


def fast_folder() -> Path | None:
    """Return a folder in memory where there is one."""
    return IN_MEMORY if IN_MEMORY.is_dir() and os.access(IN_MEMORY, os.W_OK) else None
