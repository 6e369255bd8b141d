"""Processes that this one starts: they find the same packages, and none of them can keep it waiting for ever."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_MOST_BYTES = 1 << 20  # of what a command says
_DYING_S = 2.0  # a process that waits for a stuck driver does not even die


@dataclass(frozen=True)
class Ran:
    """How a command ended. code: None when it did not, or could not be started; negative for a signal."""

    code: int | None
    out: str = ""
    err: str = ""
    missing: bool = False

    @property
    def how(self) -> str:
        """Say how it ended, for a person, with its last words."""
        if self.missing:
            return "it is not installed"
        if self.code is None:
            return "it did not come to an end in time"
        if self.code < 0:
            return f"it was ended by {_signal_name(-self.code)}"
        lines = (self.err.strip() or self.out.strip()).splitlines()
        return f"exit code {self.code}" + (f": {lines[-1].strip()}" if lines else "")


def child_environment(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the environment in which `python -P -m edge.something` finds this very package, wherever it is started."""
    here = str(Path(__file__).resolve().parents[1])
    return {**environ, "PYTHONPATH": os.pathsep.join([here, *filter(None, sys.path)])}


def run_within(command: Sequence[str], timeout_s: float, environ: Mapping[str, str] | None = None) -> Ran:
    """Run a command, and end it with all its children when it takes longer. Raises nothing of its own."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        try:
            process = subprocess.Popen(
                list(command), stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True, env=environ
            )
        except FileNotFoundError:
            return Ran(None, missing=True)
        except OSError as error:
            return Ran(126, err=error.strerror or str(error))
        try:
            code = process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            _end(process)
        return Ran(code, _text(out), _text(err))


def _end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_DYING_S)


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read(_MOST_BYTES).decode(errors="replace")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
