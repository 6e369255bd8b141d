"""A .tflite file taken apart: operators, tensors, constants, and put together again.

Read and written with the schema that the runtime ships, so that what is changed is exactly what is named here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.extras import need

_FILE_IDENTIFIER = b"TFL3"


@dataclass(frozen=True)
class Range:
    """The lowest and the highest value a tensor took, in real units."""

    low: float
    high: float


class TfliteGraph:
    """The one graph of a converted classifier. Tensors and operators are the schema's own objects."""

    def __init__(self, data: bytes) -> None:
        self._schema = need("ai_edge_litert.schema_py_generated", "desktop", "reading a converted model")
        self._model = self._schema.ModelT.InitFromPackedBuf(data, 0)
        self._graph = self._model.subgraphs[0]
        self._operators = _names(self._schema.BuiltinOperator)
        self._types = _names(self._schema.TensorType)
        self._activations = _names(self._schema.ActivationFunctionType)

    def packed(self) -> bytes:
        """Return the graph as the bytes of a .tflite file."""
        builder = need("flatbuffers", "desktop", "writing a converted model").Builder(1024)
        builder.Finish(self._model.Pack(builder), file_identifier=_FILE_IDENTIFIER)
        return bytes(builder.Output())

    @property
    def operators(self) -> list[Any]:
        """The operators, in the order in which they are computed."""
        operators: list[Any] = self._graph.operators
        return operators

    def kind(self, operator: Any) -> str:
        """Name an operator as the schema does: CONV_2D, MEAN, ..."""
        return self._operators[self._model.operatorCodes[operator.opcodeIndex].builtinCode]

    def name(self, tensor: int) -> str:
        """Return a tensor's name."""
        found: bytes = self._graph.tensors[tensor].name
        return found.decode(errors="replace")

    def type(self, tensor: int) -> str:
        """Return a tensor's type: INT8, FLOAT32, ..."""
        return self._types[self._graph.tensors[tensor].type]

    def shape(self, tensor: int) -> tuple[int, ...]:
        """Return a tensor's shape."""
        shape = self._graph.tensors[tensor].shape
        return tuple(int(size) for size in shape) if shape is not None else ()

    def is_fixed(self, tensor: int) -> bool:
        """Say whether a tensor's shape is known before the model runs."""
        signature = self._graph.tensors[tensor].shapeSignature
        return signature is None or not len(signature) or min(signature) >= 0

    def activation(self, operator: Any) -> str:
        """Name the activation that is part of an operator: NONE, RELU, RELU6, ..."""
        options = operator.builtinOptions
        return self._activations[getattr(options, "fusedActivationFunction", 0)]

    def quantization(self, tensor: int) -> tuple[float, int]:
        """Return scale and zero point of a tensor that has one of each."""
        found = self._graph.tensors[tensor].quantization
        return float(found.scale[0]), int(found.zeroPoint[0])

    def inputs(self, operator: Any) -> list[int]:
        """Return the tensors an operator reads; -1 stands for one that is left out."""
        return [int(tensor) for tensor in operator.inputs]

    def output(self, operator: Any) -> int:
        """Return the first tensor an operator writes."""
        return int(operator.outputs[0])

    def consumers(self, tensor: int) -> list[Any]:
        """Return the operators that read a tensor."""
        return [operator for operator in self.operators if tensor in self.inputs(operator)]

    @property
    def ends(self) -> tuple[int, ...]:
        """The input and the output of the whole model."""
        return tuple(int(tensor) for tensor in (*self._graph.inputs, *self._graph.outputs))

    @property
    def computed(self) -> dict[str, int]:
        """The tensors that are computed, by name."""
        return {self.name(self.output(operator)): self.output(operator) for operator in self.operators}

    def constant(self, tensor: int) -> NDArray[Any] | None:
        """Return a constant float32 or int32 tensor's values; None when it is computed, or of another type."""
        if tensor < 0 or self.type(tensor) not in ("FLOAT32", "INT32"):
            return None
        data = self._model.buffers[self._graph.tensors[tensor].buffer].data
        if data is None or not len(data):
            return None
        dtype = np.float32 if self.type(tensor) == "FLOAT32" else np.int32
        return np.frombuffer(bytes(bytearray(data)), dtype).reshape(self.shape(tensor)).copy()

    def replace_constant(self, operator: Any, position: int, values: NDArray[np.float32]) -> None:
        """Give one operator other constants at an input. Whoever else reads the old tensor keeps it."""
        old = self._graph.tensors[int(operator.inputs[position])]
        buffer, tensor = self._schema.BufferT(), self._schema.TensorT()
        buffer.data = np.frombuffer(values.astype(np.float32).tobytes(), np.uint8)
        tensor.name = old.name + f"_{len(self._graph.tensors)}".encode()
        tensor.shape, tensor.type, tensor.buffer = old.shape, old.type, len(self._model.buffers)
        tensor.quantization = self._schema.QuantizationParametersT()
        self._model.buffers.append(buffer)
        self._graph.tensors.append(tensor)
        inputs = self.inputs(operator)
        inputs[position] = len(self._graph.tensors) - 1
        operator.inputs = inputs

    def ranges(self) -> dict[str, Range]:
        """Return what calibration noted in the tensors, by name."""
        return {name: Range(float(noted.min[0]), float(noted.max[0])) for name, noted in self._noted()}

    def set_ranges(self, ranges: dict[str, Range]) -> None:
        """Note other ranges in the tensors that calibration noted one in."""
        for name, noted in self._noted():
            if name in ranges:
                noted.min = np.array([ranges[name].low], np.float32)
                noted.max = np.array([ranges[name].high], np.float32)

    def _noted(self) -> Iterator[tuple[str, Any]]:
        for index, tensor in enumerate(self._graph.tensors):
            noted = tensor.quantization
            if noted is not None and noted.min is not None and len(noted.min) == 1:
                yield self.name(index), noted


def _names(kinds: type) -> dict[int, str]:
    return {value: name for name, value in vars(kinds).items() if not name.startswith("_")}
