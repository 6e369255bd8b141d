"""The chunks of a proof on several processor cores, their results in order.

Each worker is a process of its own at the other end of a pipe. It ends when that pipe does, however this process ends;
Ctrl-C, SIGTERM and SIGHUP are for this one, which then ends them all.
"""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Generator, Sequence
from contextlib import suppress
from multiprocessing import connection, resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path

from edge.chunks import Chunk
from edge.end_signals import Stopped, blocked
from edge.faults import FaultRates
from edge.judged import ChunkResult, broken_off
from edge.prove_chunk import ModelName, proof_line, prove_chunk


def results(
    chunks: Sequence[Chunk], model: ModelName, rates: FaultRates, folder: Path, jobs: int
) -> Generator[ChunkResult, None, None]:
    """Prove chunks in `jobs` processes; yield what came of each in the order of the chunks.

    folder: theirs to write to; whoever made it removes it, as they may be killed. Close the iterator to end the
    processes before their work is done. Raises KeyboardInterrupt and Stopped, after what was whole by then.
    """
    todo, done, workers = deque(chunks), dict[int, ChunkResult](), list[_Worker]()
    try:
        for _ in range(min(jobs, len(todo))):
            workers.append(_Worker(model, rates, folder))
            workers[-1].give(todo.popleft())
        for chunk in chunks:
            while chunk.index not in done:
                for worker in _answering(workers):
                    result = worker.take()
                    done[result.chunk.index] = result
                    if todo:
                        worker.give(todo.popleft())
            yield done.pop(chunk.index)
    except (KeyboardInterrupt, Stopped):
        yield from (done[index] for index in sorted(done))  # they only waited for one that is cut now
        raise
    finally:
        for worker in workers:
            worker.close()


def _answering(workers: Sequence[_Worker]) -> list[_Worker]:
    """Wait until at least one has something to say, or has ended."""
    busy = [worker for worker in workers if worker.chunk is not None]
    ready = connection.wait([worker.pipe for worker in busy])
    return [worker for worker in busy if worker.pipe in ready]


class _Worker:
    """A process that proves one chunk after the other."""

    def __init__(self, model: ModelName, rates: FaultRates, folder: Path) -> None:
        self._arguments = model, rates, folder
        self.chunk: Chunk | None = None
        self._start()

    def give(self, chunk: Chunk) -> None:
        """Have it prove a chunk."""
        self.chunk = chunk
        with suppress(OSError):  # it has ended: its answer will say so
            self.pipe.send(chunk)

    def take(self) -> ChunkResult:
        """Return its answer; a process that ended without one broke its chunk off, and another takes its place."""
        assert self.chunk is not None, "give it a chunk first"
        chunk, self.chunk = self.chunk, None
        try:
            result: ChunkResult = self.pipe.recv()
        except (EOFError, OSError):
            self._process.join()
            code = self._process.exitcode
            self._start()
            return broken_off(chunk, f"the end of its process, exit code {code}")
        return result

    def close(self) -> None:
        """End the process now."""
        self.pipe.close()
        self._process.kill()
        self._process.join()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self._process: SpawnProcess = context.Process(
            target=_work, args=(theirs, *self._arguments), name="edge-sort prove", daemon=True
        )
        resource_tracker.ensure_running()  # it would unblock them again
        with blocked():
            self._process.start()
        theirs.close()


def _work(pipe: Connection, model: ModelName, rates: FaultRates, folder: Path) -> None:
    """Prove what comes until the pipe ends. Runs in the child."""
    line = proof_line(model)
    with suppress(EOFError, OSError):  # whoever asked is gone
        while True:
            pipe.send(prove_chunk(pipe.recv(), line, rates, folder))
