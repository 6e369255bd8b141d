"""Run Google's `edgetpu_compiler`: closed, for x86_64 Linux only, and not ours to hand out.

Its exit code alone says little: on failure a stub of an output may stay behind, and "Model compiled successfully" can
mean that nothing was mapped. So every attempt gets an empty folder of its own, and the caller looks into the file.
"""

from __future__ import annotations

import errno
import platform
import shutil
import signal
import tempfile
from dataclasses import dataclass
from pathlib import Path

from edge.bounded_process import run_bounded
from edge.errors import EdgeSortError
from quantize.edgetpu_log import Row, find_refusal, read_memory, read_table, read_version

COMPILER = "edgetpu_compiler"
HOW_TO_GET_IT = (
    f"{COMPILER} is Google's, runs on x86_64 Linux only and comes as a Debian package: follow "
    "https://coral.ai/docs/edgetpu/compiler, or give its place with --edgetpu-compiler"
)
TIMEOUT_S = 300.0  # its own limit is 180 s
ATTEMPTS = 2  # an internal error now and then goes away: google-coral/edgetpu issue 211
_MOST_LOG_BYTES = 1_000_000
_MOST_MODEL_BYTES = 1_000_000_000


class CompilerMissing(EdgeSortError):
    """There is no compiler here that can be started."""


class CompilerFailed(EdgeSortError):
    """The compiler was started and made no usable model."""


@dataclass(frozen=True)
class Compiled:
    """What one successful run left. memory: what the compiler says of the on-chip and off-chip memory, by its words."""

    model: bytes
    version: str
    table: tuple[Row, ...]
    memory: dict[str, str]


def find_compiler(given: Path | None) -> Path:
    """Return where the compiler is. Raises CompilerMissing with how to get it."""
    found = shutil.which(COMPILER) if given is None else given
    if found is None:
        raise CompilerMissing(f"expected {COMPILER} on PATH, found none; {HOW_TO_GET_IT}")
    return Path(found).absolute()


def run_compiler(compiler: Path, model: bytes, timeout_s: float = TIMEOUT_S) -> Compiled:
    """Compile a model. An internal error of the compiler is tried once more.

    Raises CompilerMissing when it cannot be started, CompilerFailed when it makes nothing of the model.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with tempfile.TemporaryDirectory(prefix="edge-sort-") as folder:
                return _attempt(compiler, model, Path(folder), timeout_s)
        except _InternalError:
            if attempt == ATTEMPTS:
                raise
    raise AssertionError("unreachable")


class _InternalError(CompilerFailed):
    """Worth another attempt."""


def _attempt(compiler: Path, model: bytes, folder: Path, timeout_s: float) -> Compiled:
    (folder / "model.tflite").write_bytes(model)
    out = folder / "out"
    out.mkdir()
    try:
        ended = run_bounded([str(compiler), "-s", "-o", str(out), "model.tflite"], folder, timeout_s, _MOST_LOG_BYTES)
    except OSError as error:
        raise CompilerMissing(_cannot_start(compiler, error)) from error
    if ended.code is None:
        raise CompilerFailed(
            f"{COMPILER} was still busy after {timeout_s:g} s and was ended; try a smaller input or a smaller network"
        )
    if ended.code != 0:
        raise _failure(ended.code, ended.output)
    output = _read(out / "model_edgetpu.tflite", _MOST_MODEL_BYTES)
    if not output:
        raise CompilerFailed(
            f"{COMPILER} ended well and wrote no model; its last words: {_last_line(ended.output)!r}; "
            "run it by hand on model.tflite of a bundle made without --edgetpu"
        )
    log = _read(out / "model_edgetpu.log", _MOST_LOG_BYTES).decode(errors="replace")
    table = read_table(log) or read_table(ended.output)
    return Compiled(output, read_version(f"{ended.output}\n{log}"), table, read_memory(ended.output))


def _failure(code: int, output: str) -> CompilerFailed:
    refusal = find_refusal(output)
    if refusal is not None:
        kind = _InternalError if refusal.again else CompilerFailed
        return kind(f"{COMPILER} refused the model: {refusal.words!r}; {refusal.remedy}")
    if code < 0:
        return _InternalError(f"{COMPILER} was ended by {_signal_name(-code)}; try another input size or network")
    return CompilerFailed(
        f"{COMPILER} ended with exit code {code}; its last words: {_last_line(output)!r}; "
        "try another input size or network"
    )


def _cannot_start(compiler: Path, error: OSError) -> str:
    if error.errno == errno.ENOEXEC:
        found = f"a file that this computer ({platform.machine()}) cannot execute"
    elif error.errno == errno.EACCES:
        found = "one that may not be executed (chmod +x)"
    elif error.errno == errno.ENOENT and compiler.exists():
        found = "one whose own loader is missing"
    else:
        found = f"none that starts ({error.strerror})"
    return f"{compiler}: expected {COMPILER}, found {found}; {HOW_TO_GET_IT}"


def _read(path: Path, most_bytes: int) -> bytes:
    if not path.is_file() or path.is_symlink():
        return b""
    with path.open("rb") as file:
        return file.read(most_bytes)


def _last_line(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1][:200] if lines else ""


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
