"""The same model for a Coral Edge TPU: forecast, compiled, and judged by what the compiled file really contains.

Two ends are told apart. The compiler is not here, or does not start: nothing is known against the model, so its bundle
is written without the compiled file. The compiler was started and less than was asked for is mapped: the model is
refused like any other that fails its gate.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from edge.errors import ModelError
from edge.model_graph import Graph, Operator, read_graph
from quantize.edgetpu_check import forecast
from quantize.edgetpu_compiler import (
    COMPILER,
    Compiled,
    CompilerFailed,
    CompilerMissing,
    find_compiler,
    run_compiler,
)
from quantize.edgetpu_log import Row

CUSTOM_OPERATOR = "edgetpu-custom-op"
OTHERWISE = "leave out --edgetpu for a bundle that runs on the CPU"


@dataclass(frozen=True)
class EdgeTpuRequest:
    """What the user asked for. compiler: None looks on PATH. min_mapped: share of the multiply-accumulates, 0..1."""

    compiler: Path | None = None
    min_mapped: float = 0.95


@dataclass(frozen=True)
class EdgeTpuModel:
    """A compiled model and what of it the Edge TPU computes.

    macs: multiply-accumulates of one run of the whole model. cpu_macs: those left to the CPU, counted in the compiled
    file, where every operator that was not mapped still stands.
    """

    data: bytes
    compiler_version: str
    macs: int
    cpu_macs: int
    min_mapped: float
    table: tuple[Row, ...]
    memory: dict[str, str]

    @property
    def mapped(self) -> float:
        """Share of the multiply-accumulates that the Edge TPU computes, 0..1."""
        return 1 - self.cpu_macs / max(self.macs, 1)

    def as_object(self) -> dict[str, Any]:
        """Return everything but the file itself, for JSON."""
        return {
            "compiler_version": self.compiler_version,
            "model_bytes": len(self.data),
            "mapped": self.mapped,
            "min_mapped": self.min_mapped,
            "macs": self.macs,
            "cpu_macs": self.cpu_macs,
            "table": [{**asdict(row), "mapped": row.mapped} for row in self.table],
            "memory": self.memory,
        }


@dataclass(frozen=True)
class EdgeTpuOutcome:
    """What came of `--edgetpu`: a model, or why there is none. Just one of the three is not None.

    missing: the compiler could not be started. refusal: why the model is not one for the Edge TPU.
    """

    model: EdgeTpuModel | None = None
    missing: str | None = None
    refusal: str | None = None

    def as_object(self) -> dict[str, Any]:
        """Return the outcome for JSON."""
        found = {} if self.model is None else self.model.as_object()
        return {"compiled": self.model is not None, "reason": self.missing or self.refusal, **found}


def compile_for_edgetpu(model: bytes, request: EdgeTpuRequest, tell: Callable[[str], None]) -> EdgeTpuOutcome:
    """Compile an integer model and judge the result. `tell` hears the forecast and what is being done."""
    graph = read_graph(model)
    try:
        expected = forecast(graph)
    except ModelError as error:
        return EdgeTpuOutcome(refusal=str(error))
    tell(f"for the Edge TPU: {expected.sentence}")
    hint = f"; {expected.sentence}" if expected.obstacles else ""
    try:
        compiler = find_compiler(request.compiler)
        tell(f"compiling for the Edge TPU with {compiler}")
        made = judge(graph, run_compiler(compiler, model), request.min_mapped)
    except CompilerMissing as error:
        return EdgeTpuOutcome(missing=str(error))
    except CompilerFailed as error:
        return EdgeTpuOutcome(refusal=f"{error}{hint}")
    if made.mapped < request.min_mapped - 1e-9:
        return EdgeTpuOutcome(refusal=f"{_too_little(made)}{hint}")
    return EdgeTpuOutcome(model=made)


def judge(graph: Graph, compiled: Compiled, min_mapped: float) -> EdgeTpuModel:
    """Look into a compiled file: is it this model, and what of it was mapped?

    graph: of the model that went in. Raises CompilerFailed for a stub, another model, or one with nothing mapped.
    """
    try:
        found = read_graph(compiled.model)
    except ModelError as error:
        raise CompilerFailed(
            f"{COMPILER} ended well and left a stub of {len(compiled.model)} bytes that is no model"
        ) from error
    if not any(_is_edgetpu(operator) for operator in found.operators):
        raise CompilerFailed(
            f"{COMPILER} ended well and mapped nothing to the Edge TPU{_most_common_reason(compiled.table)}"
        )
    if [_face(tensor) for tensor in (*found.inputs, *found.outputs)] != [
        _face(tensor) for tensor in (*graph.inputs, *graph.outputs)
    ]:
        raise CompilerFailed(f"{COMPILER} left a model with another input or output than the one it was given")
    if not compiled.table:
        raise CompilerFailed(f"{COMPILER} left no table of mapped operators; this one is of an unknown version")
    return EdgeTpuModel(
        data=compiled.model,
        compiler_version=compiled.version,
        macs=graph.macs,
        cpu_macs=found.macs,
        min_mapped=min_mapped,
        table=compiled.table,
        memory=compiled.memory,
    )


def _is_edgetpu(operator: Operator) -> bool:
    return operator.custom and operator.kind == CUSTOM_OPERATOR and operator.custom_bytes > 0


def _face(tensor: Any) -> tuple[Any, ...]:
    """What a caller sees of a tensor; the compiler may rename it."""
    return tensor.shape, tensor.dtype, tensor.scale, tensor.zero_point


def _most_common_reason(table: tuple[Row, ...]) -> str:
    left = [row for row in table if not row.mapped]
    if not left:
        return ""
    worst = max(left, key=lambda row: row.count)
    return f" (its table: {worst.count} x {worst.kind}: {worst.status})"


def _too_little(made: EdgeTpuModel) -> str:
    left = ", ".join(f"{row.count} x {row.kind} ({row.status})" for row in made.table if not row.mapped)
    return (
        f"{made.mapped:.1%} of the multiply-accumulates are mapped to the Edge TPU, asked for are "
        f"{made.min_mapped:.1%}; on the CPU stay {left or 'some'}; "
        f"replace these layers, or accept it with --min-mapped {int(made.mapped * 100) / 100:g}"
    )
