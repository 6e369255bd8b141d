"""Small integer models made operator by operator, and what a compiler would make of them: no converter needed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

flatbuffers = pytest.importorskip("flatbuffers", reason="it comes with ai-edge-litert")
schema = pytest.importorskip("ai_edge_litert.schema_py_generated", reason="ai-edge-litert has no wheel here")

SIDE = 8


@dataclass
class Step:
    """One operator: the shape of its weights, if any, and of its output."""

    kind: str
    output: tuple[int, ...]
    weights: tuple[int, ...] | None = None
    version: int = 1
    activation: int | None = None


# 8x8 picture -> conv 4 (8*8*4 * 3*3*3 = 6912) -> depthwise (8*8*4 * 9 = 2304) -> dense 2 (256*2 = 512) -> softmax
PLAIN = (
    Step("CONV_2D", (1, SIDE, SIDE, 4), (4, 3, 3, 3)),
    Step("DEPTHWISE_CONV_2D", (1, SIDE, SIDE, 4), (1, 3, 3, 4)),
    Step("RESHAPE", (1, 256)),
    Step("FULLY_CONNECTED", (1, 2), (2, 256)),
    Step("SOFTMAX", (1, 2)),
)
PLAIN_MACS = 6912 + 2304 + 512
SWISH = (PLAIN[0], Step("HARD_SWISH", (1, SIDE, SIDE, 4)), *PLAIN[1:])


def graph(steps=PLAIN, *, dtype="INT8", mapped=0, payload=b"executable", input_scale=1.0, dynamic=False):
    """Pack a .tflite file of these steps in a row; the first `mapped` of them are one Edge TPU operator."""
    model, main = schema.ModelT(), schema.SubGraphT()
    model.version, model.subgraphs, model.operatorCodes = 3, [main], []
    model.buffers = [schema.BufferT()]
    main.tensors, main.operators = [], []
    kept = [("edgetpu-custom-op", steps[mapped - 1].output, None)] if mapped else []
    current = _tensor(model, main, (1, SIDE, SIDE, 3), dtype, scale=input_scale, free=dynamic)
    main.inputs = [current]
    for item in (*kept, *steps[mapped:]):
        current = _custom(model, main, item, current, dtype, payload) if isinstance(item, tuple) else _builtin(
            model, main, item, current, dtype
        )  # fmt: skip
    main.outputs = [current]
    return _packed(model)


def compiled_from(data, mapped):
    """Make of any model what a compiler that maps its first `mapped` operators would make of it."""
    model = schema.ModelT.InitFromPackedBuf(data, 0)
    main = model.subgraphs[0]
    code, operator = schema.OperatorCodeT(), schema.OperatorT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.CUSTOM
    code.customCode, code.version = "edgetpu-custom-op", 1
    model.operatorCodes.append(code)
    operator.opcodeIndex = len(model.operatorCodes) - 1
    operator.inputs, operator.outputs = list(main.inputs), list(main.operators[mapped - 1].outputs)
    operator.customOptions = np.frombuffer(b"executable", np.uint8)
    main.operators = [operator, *main.operators[mapped:]]
    return _packed(model)


def _packed(model):
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _tensor(model, main, shape, dtype, *, scale=0.5, weights=False, free=False):
    tensor, quantization = schema.TensorT(), schema.QuantizationParametersT()
    tensor.name, tensor.shape, tensor.type = f"t{len(main.tensors)}", list(shape), getattr(schema.TensorType, dtype)
    if free:
        tensor.shapeSignature = [-1, *shape[1:]]
    quantization.scale, quantization.zeroPoint = [scale], [0]
    tensor.quantization, tensor.buffer = quantization, 0
    if weights:
        data = schema.BufferT()
        data.data = np.ones(int(np.prod(shape)), np.uint8)
        model.buffers.append(data)
        tensor.buffer = len(model.buffers) - 1
    main.tensors.append(tensor)
    return len(main.tensors) - 1


def _operator(model, main, code, inputs, output):
    model.operatorCodes.append(code)
    operator = schema.OperatorT()
    operator.opcodeIndex = len(model.operatorCodes) - 1
    operator.inputs, operator.outputs = inputs, [output]
    main.operators.append(operator)
    return operator


def _builtin(model, main, step, current, dtype):
    code = schema.OperatorCodeT()
    code.builtinCode = getattr(schema.BuiltinOperator, step.kind)
    code.deprecatedBuiltinCode, code.version = min(code.builtinCode, 127), step.version
    inputs = [current]
    if step.weights:
        inputs.append(_tensor(model, main, step.weights, dtype, weights=True))
    output = _tensor(model, main, step.output, dtype)
    operator = _operator(model, main, code, inputs, output)
    if step.activation is not None:
        operator.builtinOptions = schema.Pool2DOptionsT()
        operator.builtinOptions.fusedActivationFunction = step.activation
        operator.builtinOptionsType = schema.BuiltinOptions.Pool2DOptions
    return output


def _custom(model, main, item, current, dtype, payload):
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.CUSTOM
    code.customCode, code.version = item[0], 1
    output = _tensor(model, main, item[1], dtype)
    operator = _operator(model, main, code, [current], output)
    operator.customOptions = np.frombuffer(payload, np.uint8)
    return output
