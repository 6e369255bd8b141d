"""The operators of a .tflite file and the multiply-accumulates each of them costs, read from the flatbuffer."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from edge.errors import ModelError
from edge.extras import need

IDENTIFIER = b"TFL3"


@dataclass(frozen=True)
class Tensor:
    """A tensor of the graph. dtype as the schema names it ("INT8"); constant: its values are in the file."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    fixed: bool
    constant: bool
    scale: tuple[float, ...]
    zero_point: tuple[int, ...]


@dataclass(frozen=True)
class Operator:
    """One step of the graph, in the order of execution.

    kind: the schema's name ("CONV_2D"), or the custom operator's own. custom_bytes: size of a custom operator's
    payload. activation: the fused activation function ("RELU6"), or None where the operator has no such choice.
    inputs, outputs: an input that was left out is not among them.
    """

    kind: str
    version: int
    custom: bool
    custom_bytes: int
    activation: str | None
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one run; 0 for what only moves, compares or adds values."""
        count = _COUNTS.get(self.kind)
        return 0 if count is None or self.custom else count(self.inputs, self.outputs)


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


def read_graph(model: bytes) -> Graph:
    """Read the file's graph without running it. Raises ModelError when it is no whole .tflite file."""
    schema = need("ai_edge_litert.schema_py_generated", "desktop", "reading a model's operators")
    try:
        if model[4:8] != IDENTIFIER:
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
    tensors = [_tensor(tensor, types, parsed.buffers) for tensor in main.tensors]

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
        )

    return Graph(
        inputs=pick(main.inputs),
        outputs=pick(main.outputs),
        operators=tuple(operator(step) for step in main.operators),
        subgraphs=len(parsed.subgraphs),
    )


def _tensor(tensor: Any, types: dict[int, str], buffers: Any) -> Tensor:
    shape = () if tensor.shape is None else tuple(int(n) for n in tensor.shape)
    signature = () if tensor.shapeSignature is None else tuple(int(n) for n in tensor.shapeSignature)
    quantization = tensor.quantization
    data = buffers[tensor.buffer].data if buffers and tensor.buffer < len(buffers) else None  # some files list none
    return Tensor(
        name=_text(tensor.name),
        shape=shape,
        dtype=types[tensor.type],
        fixed=all(n >= 0 for n in (*shape, *signature)),
        constant=data is not None,
        scale=() if quantization is None else _numbers(quantization.scale),
        zero_point=() if quantization is None else _numbers(quantization.zeroPoint),
    )


def _numbers(values: Any) -> tuple[Any, ...]:
    return () if values is None else tuple(np.asarray(values).tolist())


def _names(enumeration: type) -> dict[int, str]:
    return {value: name for name, value in vars(enumeration).items() if not name.startswith("_")}


def _text(name: Any) -> str:
    return name.decode(errors="replace") if isinstance(name, bytes) else str(name or "")


# Each output value of a convolution is a sum over its window, kernel height x width x input channels.
# The layouts of the weights are those of TensorFlow Lite's kernels (conv.cc, depthwise_conv.cc, fully_connected.cc).
_Count = Callable[[tuple[Tensor, ...], tuple[Tensor, ...]], int]


def _convolution(inputs: tuple[Tensor, ...], outputs: tuple[Tensor, ...]) -> int:
    return math.prod(outputs[0].shape) * math.prod(inputs[1].shape[1:])  # weights: (out, height, width, in)


def _depthwise(inputs: tuple[Tensor, ...], outputs: tuple[Tensor, ...]) -> int:
    return math.prod(outputs[0].shape) * math.prod(inputs[1].shape[1:3])  # weights: (1, height, width, out)


def _dense(inputs: tuple[Tensor, ...], outputs: tuple[Tensor, ...]) -> int:
    return math.prod(outputs[0].shape) * inputs[1].shape[-1]  # weights: (out, in)


def _transposed(inputs: tuple[Tensor, ...], _outputs: tuple[Tensor, ...]) -> int:
    out, height, width, _ = inputs[1].shape  # inputs: output shape, weights (out, height, width, in), values
    return math.prod(inputs[2].shape) * out * height * width


def _matrices(inputs: tuple[Tensor, ...], outputs: tuple[Tensor, ...]) -> int:
    return math.prod(outputs[0].shape) * inputs[0].shape[-1]  # (..., rows, inner) x (..., inner, columns)


def _recurrent(inputs: tuple[Tensor, ...], _outputs: tuple[Tensor, ...]) -> int:
    weights = sum(math.prod(tensor.shape) for tensor in inputs[1:] if tensor.constant and len(tensor.shape) == 2)
    return weights * math.prod(inputs[0].shape[:-1])  # every weight once in each step: (batch, steps, features)


_COUNTS: dict[str, _Count] = {
    "CONV_2D": _convolution,
    "DEPTHWISE_CONV_2D": _depthwise,
    "FULLY_CONNECTED": _dense,
    "TRANSPOSE_CONV": _transposed,
    "BATCH_MATMUL": _matrices,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": _recurrent,
}
