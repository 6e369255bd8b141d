"""Run Arm's Vela, the compiler for Ethos-U, and read what it made: what runs on the NPU, and its estimates.

Vela estimates cycles and time for a system it assumes; nothing here was measured on a device.
"""

from __future__ import annotations

import csv
import shutil
import tempfile
import textwrap
from dataclasses import dataclass
from pathlib import Path

from edge.bounded_process import run_bounded
from edge.errors import DataError, EdgeSortError, ModelError
from edge.model_graph import Graph, read_graph
from firmware_bridge.lower_checks import QUANTIZE

ACCELERATORS = (
    "ethos-u55-32", "ethos-u55-64", "ethos-u55-128", "ethos-u55-256", "ethos-u65-256", "ethos-u65-512",
    "ethos-u85-128", "ethos-u85-256", "ethos-u85-512", "ethos-u85-1024", "ethos-u85-2048",
)  # fmt: skip
NPU_OPERATOR = "ethos-u"  # the custom operator that stands for all that was mapped
TIMEOUT_S = 300.0
_MOST_LOG_BYTES = 1_000_000
_MOST_SAID = 200  # characters of Vela's last line that an error repeats, whole words of them
_ESTIMATES = {
    "system_config": "system assumed", "memory_mode": "memory assumed", "core_clock": "clock, Hz",
    "cycles_total": "cycles", "inference_time": "time, s", "inferences_per_second": "pictures a second",
    "sram_memory_used": "SRAM, KiB", "off_chip_flash_memory_used": "flash, KiB",
}  # fmt: skip


class VelaMissing(EdgeSortError):
    """There is no Vela here that can be started."""


@dataclass(frozen=True)
class Compiled:
    """model: the compiled .tflite. operators: (kind, how many, where) of the file that came out.

    mapped: share of the multiply-accumulates that the NPU computes. layers: the rows of Vela's table, the first one its
    head. estimates: by Vela's own words, in its units.
    """

    model: bytes
    operators: tuple[tuple[str, int, str], ...]
    mapped: float
    layers: tuple[tuple[str, ...], ...]
    estimates: dict[str, str]


def run_vela(model: bytes, accelerator: str, vela: Path | None = None, timeout_s: float = TIMEOUT_S) -> Compiled:
    """Compile a model. Raises DataError for another accelerator, VelaMissing, and ModelError when Vela refuses it."""
    if accelerator not in ACCELERATORS:
        raise DataError(
            f"--accelerator: expected one of Vela's names ({', '.join(ACCELERATORS)}), found {accelerator!r}"
        )
    found = shutil.which("vela") if vela is None else str(vela.absolute())
    if found is None:
        raise VelaMissing("expected vela on PATH, found none; pip install ethos-u-vela, or name it with --vela")
    with tempfile.TemporaryDirectory(prefix="edge-sort-") as held:
        folder = Path(held)
        (folder / "model.tflite").write_bytes(model)
        command = [found, "model.tflite", "--accelerator-config", accelerator, "--output-dir", "out"]
        command.append("--verbose-performance")  # writes the table of layers
        try:
            ended = run_bounded(command, folder, timeout_s, _MOST_LOG_BYTES)
        except OSError as error:
            raise VelaMissing(f"{found}: expected Vela, found none that starts ({error.strerror})") from error
        compiled = folder / "out" / "model_vela.tflite"
        if ended.code != 0 or not compiled.is_file():
            lines = [line.strip() for line in ended.output.splitlines() if line.strip()]
            said = textwrap.shorten(lines[-1], _MOST_SAID, placeholder=" ...") if lines else f"exit code {ended.code}"
            raise ModelError(
                f"Vela made nothing of the model: {'it was still busy' if ended.code is None else said}; "
                "quantize it to int8, or take another network"
            )
        return _read(model, compiled.read_bytes(), folder / "out")


def _read(model: bytes, compiled: bytes, out: Path) -> Compiled:
    before, after = read_graph(model), read_graph(compiled)
    summary = _table(next(iter(sorted(out.glob("*summary*.csv"))), None))
    values = dict(zip(summary[0], summary[-1], strict=False)) if len(summary) > 1 else {}
    estimates = {words: values[key] for key, words in _ESTIMATES.items() if key in values}
    layers = _table(next(iter(sorted(out.glob("*per-layer*.csv"))), None))
    left = sum(operator.macs for operator in after.operators if not operator.custom)
    if not _count(after, NPU_OPERATOR):
        why, remedy = ("", "take another network") if before.full_integer else (", for there is float in it", QUANTIZE)
        raise ModelError(
            f"expected a model that the NPU computes, found that Vela leaves all of this one to the CPU{why}; {remedy}"
        )
    mapped = 1 - left / before.macs if before.macs else 1.0
    return Compiled(compiled, _operators(after), mapped, layers, estimates)


def _operators(graph: Graph) -> tuple[tuple[str, int, str], ...]:
    kinds = sorted({operator.kind for operator in graph.operators})
    return tuple((kind, _count(graph, kind), "NPU" if kind == NPU_OPERATOR else "CPU") for kind in kinds)


def _count(graph: Graph, kind: str) -> int:
    return sum(operator.kind == kind for operator in graph.operators)


def _table(path: Path | None) -> tuple[tuple[str, ...], ...]:
    if path is None:
        return ()
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        return tuple(tuple(row) for row in csv.reader(file))
