"""The graph of a .tflite file, read from the flatbuffer: operators with their options, tensors with their values.

The one reader: the report, the forecast for the Edge TPU and the exports to microcontrollers start from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.errors import ModelError
from edge.extras import need
from edge.macs import count_macs
from edge.tflite_schema import MODEL_IDENTIFIER


@dataclass(frozen=True)
class Tensor:
    """A tensor of the graph.

    index: its number there. dtype as the schema names it ("INT8"). scale, zero_point: one for the tensor, or one for
    each index along `axis`. raw: its values as they lie in the file, or None when they are computed.
    """

    index: int
    name: str
    shape: tuple[int, ...]
    dtype: str
    fixed: bool
    scale: tuple[float, ...]
    zero_point: tuple[int, ...]
    axis: int = 0
    raw: bytes | None = field(default=None, repr=False)

    @property
    def constant(self) -> bool:
        """Whether its values are in the file."""
        return self.raw is not None

    def values(self) -> NDArray[Any]:
        """Return a constant's stored values in its shape. Raises ModelError when there are more or fewer of them."""
        stored = np.frombuffer(self.raw or b"", np.dtype(self.dtype.lower()))
        if stored.size != np.prod(self.shape, dtype=int):
            raise ModelError(
                f"expected {self.shape} values in the tensor {self.name}, found {stored.size}; convert the model again"
            )
        return stored.reshape(self.shape)


@dataclass(frozen=True)
class Operator:
    """One step of the graph, in the order of execution.

    kind: the schema's name ("CONV_2D"), or the custom operator's own. custom_bytes: size of a custom operator's
    payload. activation: the fused activation function ("RELU6"), or None where the operator has no such choice.
    inputs, outputs: an input that was left out is not among them. options: the operator's parameters by the names that
    the schema's Python reader gives them (strideW, keepDims); empty where there are none.
    """

    kind: str
    version: int
    custom: bool
    custom_bytes: int
    activation: str | None
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    options: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one run; 0 for what only moves, compares or adds values."""
        return 0 if self.custom else count_macs(self.kind, self.inputs, self.outputs)


@dataclass(frozen=True)
class Graph:
    """What a .tflite file computes in its first subgraph, the one that is run. subgraphs: how many there are."""

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    subgraphs: int

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one run."""
        return sum(operator.macs for operator in self.operators)

    @property
    def full_integer(self) -> bool:
        """Whether nothing that it takes, keeps or gives is a float."""
        inner = (tensor for operator in self.operators for tensor in (*operator.inputs, *operator.outputs))
        return not any(tensor.dtype.startswith("FLOAT") for tensor in (*self.inputs, *self.outputs, *inner))


def read_graph(model: bytes) -> Graph:
    """Read the file's graph without running it. Raises ModelError when it is no whole .tflite file."""
    schema = need("ai_edge_litert.schema_py_generated", "desktop", "reading a model's operators")
    try:
        if model[4:8] != MODEL_IDENTIFIER:
            raise ValueError("another file format")
        parsed = schema.ModelT.InitFromPackedBuf(model, 0)
        return _graph(schema, parsed)
    except Exception as error:  # the generated reader raises every kind there is on a damaged file
        raise ModelError(
            f"expected a whole .tflite file, found {len(model)} bytes that are none ({type(error).__name__}: {error}); "
            "make the model again"
        ) from error


def _graph(schema: ModuleType, parsed: Any) -> Graph:
    kinds, types = _names(schema.BuiltinOperator), _names(schema.TensorType)
    activations = _names(schema.ActivationFunctionType)
    main = parsed.subgraphs[0]
    tensors = [_tensor(index, tensor, types, parsed.buffers) for index, tensor in enumerate(main.tensors)]

    def pick(indices: Any) -> tuple[Tensor, ...]:
        return tuple(tensors[index] for index in ([] if indices is None else indices) if index >= 0)

    def operator(step: Any) -> Operator:
        code = parsed.operatorCodes[step.opcodeIndex]
        custom = code.customCode is not None
        payload = 0 if step.customOptions is None else len(step.customOptions)
        fused = getattr(step.builtinOptions, "fusedActivationFunction", None)
        return Operator(
            # files from before 2020 carry the operator's number in the old, one-byte field only
            kind=_text(code.customCode) if custom else kinds[max(code.builtinCode, code.deprecatedBuiltinCode)],
            version=code.version,
            custom=custom,
            custom_bytes=payload or step.largeCustomOptionsSize,
            activation=None if fused is None else activations[fused],
            inputs=pick(step.inputs),
            outputs=pick(step.outputs),
            options={} if step.builtinOptions is None else dict(vars(step.builtinOptions)),
        )

    return Graph(
        inputs=pick(main.inputs),
        outputs=pick(main.outputs),
        operators=tuple(operator(step) for step in main.operators),
        subgraphs=len(parsed.subgraphs),
    )


def _tensor(index: int, tensor: Any, types: dict[int, str], buffers: Any) -> Tensor:
    shape = () if tensor.shape is None else tuple(int(n) for n in tensor.shape)
    signature = () if tensor.shapeSignature is None else tuple(int(n) for n in tensor.shapeSignature)
    quantization = tensor.quantization
    data = buffers[tensor.buffer].data if buffers and tensor.buffer < len(buffers) else None  # some files list none
    return Tensor(
        index=index,
        name=_text(tensor.name),
        shape=shape,
        dtype=types[tensor.type],
        fixed=all(n >= 0 for n in (*shape, *signature)),
        scale=() if quantization is None else _numbers(quantization.scale),
        zero_point=() if quantization is None else _numbers(quantization.zeroPoint),
        axis=0 if quantization is None else int(quantization.quantizedDimension),
        raw=None if data is None else bytes(bytearray(data)),
    )


def _numbers(values: Any) -> tuple[Any, ...]:
    return () if values is None else tuple(np.asarray(values).tolist())


def _names(enumeration: type) -> dict[int, str]:
    return {value: name for name, value in vars(enumeration).items() if not name.startswith("_")}


def _text(name: Any) -> str:
    return name.decode(errors="replace") if isinstance(name, bytes) else str(name or "")
