"""Do one piece of long work in a process of its own: its memory comes back, and its crash is nobody else's.

The child sends what it hears, (method name, arguments), and at last its result or what went wrong. Whatever it and the
libraries below it print goes into a log file. It ends when its parent does, however that ends.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any, TypeVar

from edge.errors import EdgeSortError
from edge.problems import system_problem
from training.memory import ran_out_of_memory

_Result = TypeVar("_Result")
_STOP_S = 20.0


class WorkFailed(EdgeSortError):
    """The work in the child process did not end well; the message is the reason."""


class Speaker:
    """A reporter whose every method call is sent through a pipe."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def __getattr__(self, method: str) -> Callable[..., None]:
        if method.startswith("_"):
            raise AttributeError(method)
        return lambda *arguments: self._pipe.send(("heard", method, arguments))


def in_child_process(work: Callable[[Any], _Result], reporter: object, log: Path) -> _Result:
    """Call `work(a reporter)` in a fresh process and return its result; `reporter` here hears what that one is told.

    work: picklable, as its result and all it reports. log: gets what the process prints.
    Raises WorkFailed with the reason for any error, crash or kill of the child.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, work, log.absolute()), name="edge-sort work", daemon=True)
    with _signals_held_back():
        process.start()
    theirs.close()
    try:
        return _listen(ours, process, reporter, log)  # type: ignore[no-any-return]  # what `work` returned
    finally:
        _stop(process)
        ours.close()
        if log.is_file() and not log.stat().st_size:
            log.unlink()


@contextlib.contextmanager
def _signals_held_back() -> Iterator[None]:
    """Ctrl-C is for the parent, which stops the child: that inherits the mask, so not even its start is disturbed."""
    resource_tracker.ensure_running()  # it would unblock them again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _listen(pipe: Connection, process: SpawnProcess, reporter: object, log: Path) -> Any:
    while True:
        try:
            kind, *content = pipe.recv()
        except (EOFError, OSError):
            process.join(_STOP_S)
            raise WorkFailed(_end_told(process.exitcode, log)) from None
        if kind == "heard":
            getattr(reporter, content[0])(*content[1])
        elif kind == "failed":
            raise WorkFailed(content[0])
        else:
            return content[0]


def _end_told(code: int | None, log: Path) -> str:
    if code == -signal.SIGKILL:
        return (
            "killed by the system, most likely because memory ran out; use a smaller --batch or --size, or end other "
            "programs"
        )
    if code is not None and code < 0:
        return f"crashed ({signal.Signals(-code).name}); {log} may say why"
    return f"ended without a result (exit code {code}); {log} may say why"


def _stop(process: SpawnProcess) -> None:
    if process.is_alive():
        process.terminate()  # lets it clear away what is half-written
    process.join(_STOP_S)
    if process.is_alive():
        process.kill()
        process.join()
    process.close()


def _work(pipe: Connection, work: Callable[[Any], Any], log: Path) -> None:
    """The child process."""
    _prepare(pipe, log)
    try:
        result = work(Speaker(pipe))
    except EdgeSortError as error:
        pipe.send(("failed", str(error)))
    except Exception as error:
        traceback.print_exc()
        pipe.send(("failed", _unforeseen(error, log)))
    else:
        pipe.send(("done", result))


def _prepare(pipe: Connection, log: Path) -> None:
    with log.open("ab", buffering=0) as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})
    threading.Thread(target=_end_with_parent, args=(pipe,), daemon=True).start()


def _end_with_parent(pipe: Connection) -> None:
    """The parent sends nothing: what wakes this up is the end of the pipe."""
    with contextlib.suppress(EOFError, OSError):
        pipe.recv()
    os.kill(os.getpid(), signal.SIGTERM)


def _unforeseen(error: Exception, log: Path) -> str:
    """Say what an error that no check foresaw means."""
    if ran_out_of_memory(error):
        return "memory ran out; use a smaller --batch or --size, or end other programs"
    if isinstance(error, OSError):
        return system_problem(error)
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0] if lines else 'no message'}; {log} has the details"
