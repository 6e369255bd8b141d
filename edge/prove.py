"""Seeded runs of the emulated line with faults, and what must hold of every one of them whatever happens.

A long proof is many short runs, each with a machine, a belt and faults of its own drawn from a seed of its own, so that
memory stays bounded and a run that fails can be replayed alone.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from edge.accounts import Accounts, accounts
from edge.between import Between
from edge.chunks import Chunk, drawn_line
from edge.coloured_parts import ColouredParts, colour_model
from edge.emulate import EmulatedRun, emulate_line
from edge.emulated_world import packaged_bundle
from edge.faults import FaultRates, Faults
from edge.faulty import FaultyCamera, FaultyGates, FaultyHands, FaultyScorer, FaultySteps
from edge.line import LineModel, line_model
from edge.part_sources import PartSource, RenderedParts
from edge.pin_witness import PinWitness, violations
from edge.signature import open_bundle_by

CHUNK_PARTS = 500
MOST_SENTENCES = 20  # of what is wrong; all of it is counted

SUMS = (
    "fed",
    "sorted_right",
    "wrong_by_model",
    "wrong_by_runtime",
    "own_row",
    "in_another_row",
    "unseen",
    "unaccounted",
    "limit_violations",
    "struck",
    "struck_on_steady_belt",
)  # in the order in which they are printed

ModelName = Literal["packaged", "colours"]


@dataclass(frozen=True)
class ChunkResult:
    """What came of it, and what must not have."""

    chunk: Chunk
    run: EmulatedRun
    accounts: Accounts
    limit_violations: tuple[str, ...]
    faults: Counter[str]

    @property
    def wrong_by_runtime(self) -> int:
        """Parts that ended elsewhere than decided, or in a bin with nothing decided."""
        return self.run.report.wrong_by_runtime + self.run.report.strays

    @property
    def struck_on_steady_belt(self) -> int:
        """Parts at a gate while it moved, where no stop of belt or line had put it to rest."""
        stopped = any(self.faults[kind] for kind in ("belt_stopped", "estop_pressed", "line_stopped"))
        return 0 if stopped else self.run.report.struck

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.sentences()

    def sentences(self) -> list[str]:
        """Say what is wrong."""
        found = [*self.accounts.unaccounted, *self.limit_violations]
        if self.struck_on_steady_belt:
            found.insert(0, f"{self.struck_on_steady_belt} parts were at a gate while it moved, on a steady belt")
        if self.wrong_by_runtime:
            found.insert(0, f"{self.wrong_by_runtime} parts ended elsewhere than decided")
        if self.run.because != "no more frames":
            found.insert(0, f"the run ended because: {self.run.because}")
        return [f"chunk {self.chunk.index} (its seed {self.chunk.seed}): {one}" for one in found]


@dataclass
class Proof:
    """The sums of many chunks. wrong_by_model is what the runtime did not do: exact while that did nothing wrong."""

    seed: int
    model: ModelName
    chunks: int = 0
    sums: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(SUMS, 0)))
    faults: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    failing_chunks: list[int] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether every chunk is."""
        return not self.failing_chunks

    def add(self, result: ChunkResult) -> None:
        """Take in a chunk."""
        report, given = result.run.report, result.accounts
        self.chunks += 1
        self.sums.update(
            fed=report.fed,
            sorted_right=report.sorted_right,
            wrong_by_model=report.sorted_wrong - min(report.sorted_wrong, result.wrong_by_runtime),
            wrong_by_runtime=result.wrong_by_runtime,
            own_row=given.own_row,
            in_another_row=given.in_another_row,
            unseen=given.unseen,
            unaccounted=len(given.unaccounted),
            limit_violations=len(result.limit_violations),
            struck=report.struck,
            struck_on_steady_belt=result.struck_on_steady_belt,
        )
        self.faults.update(result.faults)
        self.rejected.update(report.rejected)
        if not result.ok:
            self.failing_chunks.append(result.chunk.index)
            self.wrong += result.sentences()[: max(0, MOST_SENTENCES - len(self.wrong))]

    def broke(self, chunk: Chunk, error: Exception) -> None:
        """Take in that a chunk did not come to its end."""
        self.chunks += 1
        self.failing_chunks.append(chunk.index)
        sentence = f"chunk {chunk.index} (its seed {chunk.seed}) ended with {type(error).__name__}: {error}"
        self.wrong += [sentence][: max(0, MOST_SENTENCES - len(self.wrong))]

    def as_dict(self) -> dict[str, Any]:
        """Return it under the names that `prove --json` uses."""
        return {
            "seed": self.seed,
            "model": self.model,
            "chunks": self.chunks,
            "ok": self.ok,
            **self.sums,
            "rejected": dict(sorted(self.rejected.items())),
            "faults": dict(sorted(self.faults.items())),
            "failing_chunks": self.failing_chunks,
            "wrong": self.wrong,
        }


def chunks_of(parts: int, seed: int) -> Iterator[Chunk]:
    """Cut a proof into chunks; the last one is what remains."""
    for index in range(-(-parts // CHUNK_PARTS)):
        own = int(np.random.SeedSequence([seed, index]).generate_state(1)[0])
        yield Chunk(index, min(CHUNK_PARTS, parts - index * CHUNK_PARTS), own)


def prove(
    parts: int,
    seed: int,
    model: ModelName = "packaged",
    *,
    only_chunk: int | None = None,
    rates: FaultRates | None = None,
    told: Callable[[Proof], None] = lambda _proof: None,
) -> Proof:
    """Run the line over so many parts with faults. only_chunk: this one alone, to replay it. `told` after each.

    Raises EdgeSortError's children when it cannot begin.
    """
    proof = Proof(seed, model)
    line, source, digest = _line(model)
    for chunk in chunks_of(parts, seed):
        if only_chunk is None or chunk.index == only_chunk:
            try:
                result = prove_chunk(chunk, line, source, digest, rates or FaultRates())
            except Exception as error:  # whatever a fault brings the line to is what a proof is looking for
                proof.broke(chunk, error)
            else:
                proof.add(result)
            told(proof)
    return proof


def prove_chunk(chunk: Chunk, line: LineModel, source: PartSource, digest: str, rates: FaultRates) -> ChunkResult:
    """Run one chunk on the manual clock, its journal in a folder that is gone afterwards, and judge it."""
    machine, options = drawn_line(chunk, line.labels)
    faults, witness = Faults(rates, chunk.seed), PinWitness()
    between = Between(
        camera=lambda camera, clock: FaultyCamera(camera, clock, faults),
        steps=lambda steps, clock: FaultySteps(steps, clock, faults),
        scorer=lambda scorer, clock: FaultyScorer(scorer, clock, faults),
        gates=lambda gates: FaultyGates(gates, faults),
        pins=witness.pins,
        hands=FaultyHands(faults),
    )
    with tempfile.TemporaryDirectory(prefix="edge-sort-prove-") as folder:
        options = replace(options, journal=Path(folder) / "journal.sqlite")
        run = emulate_line(options, machine, line, source, digest, between=between)
    if run.because in ("interrupted", "terminated"):  # the line has taken Ctrl-C or SIGTERM for its own end
        raise KeyboardInterrupt
    assert run.moving is not None, "emulate_line sees to it"
    broken = [sentence for gate in machine.gates for sentence in violations(gate, witness.of_gate(gate), run.ended_at)]
    counts = Counter(faults.counts)
    counts["belt_stopped"] += run.summary.incidents.get("belt_stopped", 0)
    given = accounts(run.ended, run.rows, faults.frames_at, run.moving, machine.camera.view_mm)
    return ChunkResult(chunk, run, given, tuple(broken), counts)


def _line(model: ModelName) -> tuple[LineModel, PartSource, str]:
    if model == "colours":
        return colour_model(), ColouredParts(), "colours"
    bundle = open_bundle_by(packaged_bundle(), None)
    return line_model(bundle), RenderedParts(bundle.labels), bundle.digest
