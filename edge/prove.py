"""Seeded runs of the emulated line with faults, and what must hold of every one of them whatever happens.

A long proof is many short runs, each with a machine, a belt and faults of its own drawn from a seed of its own, so that
memory stays bounded and a run that fails can be replayed alone.
"""

from __future__ import annotations

import os
import signal
import tempfile
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from edge.chunks import Chunk
from edge.end_signals import Stopped, ended_by_signals
from edge.faults import FaultRates
from edge.judged import MOST_SENTENCES, SUMS, ChunkResult
from edge.prove_chunk import ModelName, fast_folder, proof_line, prove_chunk
from edge.prove_jobs import results

CHUNK_PARTS = 500


@dataclass
class Proof:
    """The sums of many chunks. wrong_by_model is what the runtime did not do: exact while that did nothing wrong.

    parts: to be fed in all. stopped_by: the signal that came before they were. What it cut is in no sum.
    """

    parts: int
    seed: int
    model: ModelName
    stopped_by: int | None = None
    chunks: int = 0
    sums: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(SUMS, 0)))
    faults: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    failing_chunks: list[int] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether every chunk has run and is."""
        return not self.failing_chunks and self.stopped_by is None

    def add(self, result: ChunkResult) -> None:
        """Take in a chunk."""
        self.chunks += 1
        self.sums.update(result.sums)
        self.faults.update(result.faults)
        self.rejected.update(result.rejected)
        if result.wrong:
            self.failing_chunks.append(result.chunk.index)
            self.wrong += result.wrong[: max(0, MOST_SENTENCES - len(self.wrong))]

    def as_dict(self) -> dict[str, Any]:
        """Return it under the names that `prove --json` uses."""
        return {
            "seed": self.seed,
            "model": self.model,
            "parts": self.parts,
            "chunks": self.chunks,
            "stopped": self.stopped_by is not None,
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
    jobs: int = 1,
    told: Callable[[Proof], None] = lambda _proof: None,
) -> Proof:
    """Run the line over so many parts with faults. only_chunk: this one alone, to replay it. `told` after each.

    jobs: processes that share the chunks; nothing in the result depends on it. Ctrl-C, SIGTERM and SIGHUP stop it
    between whole chunks. Raises EdgeSortError's children when it cannot begin.
    """
    chunks = [one for one in chunks_of(parts, seed) if only_chunk is None or one.index == only_chunk]
    proof = Proof(sum(one.parts for one in chunks), seed, model)
    with ended_by_signals():
        try:
            with (
                tempfile.TemporaryDirectory(prefix="edge-sort-prove-", dir=fast_folder()) as folder,
                closing(_results(chunks, model, rates or FaultRates(), Path(folder), jobs)) as found,
            ):
                for result in found:
                    proof.add(result)
                    told(proof)
        except KeyboardInterrupt:
            proof.stopped_by = signal.SIGINT
        except Stopped as stopped:
            proof.stopped_by = stopped.number
    return proof


def default_jobs() -> int:
    """Return how many processor cores this process may use."""
    return len(os.sched_getaffinity(0))


def _results(
    chunks: Sequence[Chunk], model: ModelName, rates: FaultRates, folder: Path, jobs: int
) -> Generator[ChunkResult, None, None]:
    line = proof_line(model)  # also where workers load it once more: what cannot be loaded is said once, here
    if min(jobs, len(chunks)) > 1:
        yield from results(chunks, model, rates, folder, jobs)
    else:
        yield from (prove_chunk(chunk, line, rates, folder) for chunk in chunks)
