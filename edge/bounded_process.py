"""Run somebody else's program: not for ever, not with more output than fits, and with nothing left of it after."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_STEP_S = 0.1
_CHUNK = 65_536


@dataclass(frozen=True)
class Ended:
    """How a program ended. code: its exit code, negative for a signal, None when its time ran out.

    output: what it printed on stdout and stderr, as text; of more than was allowed, the start and the end.
    """

    code: int | None
    output: str


def run_bounded(command: Sequence[str], folder: Path, timeout_s: float, most_bytes: int) -> Ended:
    """Run a program in `folder`, for at most `timeout_s`, keeping at most about `most_bytes` of what it prints.

    It and all its children are ended when its time is up, and what is left of its group when it has ended by itself.
    Raises OSError when it cannot be started.
    """
    deadline = time.monotonic() + timeout_s
    process = subprocess.Popen(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # a group of its own, to be ended as one
    )
    kept = _Kept(most_bytes)
    try:
        in_time = _listen(process, kept, deadline)
    finally:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
    return Ended(process.returncode if in_time else None, kept.text())


def _listen(process: subprocess.Popen[bytes], kept: _Kept, deadline: float) -> bool:
    """Read until the program has ended, however long a child of it keeps the pipe. False when its time is up."""
    assert process.stdout is not None
    pipe, open_end = process.stdout.fileno(), True
    while (left := deadline - time.monotonic()) > 0:
        ended = process.poll() is not None
        if open_end:
            ready = bool(select.select([pipe], [], [], min(_STEP_S, left))[0])
            chunk = os.read(pipe, _CHUNK) if ready else b""
            open_end = bool(chunk) or not ready
            kept.add(chunk)
            if ended and not chunk:
                return True
        else:
            with suppress(subprocess.TimeoutExpired):
                process.wait(min(_STEP_S, left))
            if process.poll() is not None:
                return True
    return False


class _Kept:
    """The first and the last half of an allowance of bytes."""

    def __init__(self, most_bytes: int) -> None:
        self._half = most_bytes // 2
        self._start, self._end, self._dropped = bytearray(), bytearray(), False

    def add(self, chunk: bytes) -> None:
        room = self._half - len(self._start)
        self._start += chunk[:room]
        self._end += chunk[room:]
        if len(self._end) > 2 * self._half:
            self._end, self._dropped = self._end[-self._half :], True

    def text(self) -> str:
        gap = b"\n...\n" if self._dropped or len(self._end) > self._half else b""
        return bytes(self._start + gap + self._end[-self._half :]).decode(errors="replace")
