"""Integer networks drawn at random and packed as .tflite, operator by operator: no converter needed."""

from __future__ import annotations

import numpy as np
import pytest

flatbuffers = pytest.importorskip("flatbuffers", reason="it comes with ai-edge-litert")
schema = pytest.importorskip("ai_edge_litert.schema_py_generated", reason="ai-edge-litert has no wheel here")

SAME, VALID = 0, 1
NONE, RELU, RELU6 = 0, 1, 3


class IntegerGraph:
    """A chain of operators. Each method adds one to `at`, the number of the tensor it was given, and returns the next.

    Scales and zero points are drawn so that outputs use most of their range and some are clamped. uneven: by how many
    bits more the scales of a layer's channels may differ. finer: by how much finer the outputs of convolutions are.
    """

    def __init__(self, shape, seed=0, dtype="INT8", scale=1.0, zero=-128):
        self.random = np.random.default_rng(seed)
        self.uneven, self.finer = 0, 1.0
        self.model, self.graph = schema.ModelT(), schema.SubGraphT()
        self.model.version, self.model.buffers, self.model.operatorCodes = 3, [schema.BufferT()], []
        self.graph.tensors, self.graph.operators = [], []
        self.at = self.tensor((1, *shape), dtype, scale, zero)
        self.graph.inputs = [self.at]

    def packed(self):
        """Return the .tflite."""
        self.graph.outputs = [self.at]
        self.model.subgraphs = [self.graph]
        builder = flatbuffers.Builder(1024)
        builder.Finish(self.model.Pack(builder), b"TFL3")
        return bytes(builder.Output())

    def shape(self, tensor=None):
        return tuple(self.graph.tensors[self.at if tensor is None else tensor].shape)

    def quantization(self, tensor=None):
        found = self.graph.tensors[self.at if tensor is None else tensor].quantization
        return float(np.float32(found.scale[0])), int(found.zeroPoint[0])

    def tensor(self, shape, dtype="INT8", scale=1.0, zero=0, values=None, axis=0):
        """Add a tensor and return its number. scale: one, or one for each index along `axis`."""
        tensor, quantization = schema.TensorT(), schema.QuantizationParametersT()
        tensor.name, tensor.shape = f"t{len(self.graph.tensors)}", [int(size) for size in shape]
        tensor.type, tensor.buffer = getattr(schema.TensorType, dtype), 0
        scales = np.atleast_1d(np.asarray(scale, np.float32))
        quantization.scale, quantization.zeroPoint = scales.tolist(), [int(zero)] * len(scales)
        quantization.quantizedDimension = axis
        tensor.quantization = quantization
        if values is not None:
            tensor.buffer, buffer = len(self.model.buffers), schema.BufferT()
            buffer.data = np.frombuffer(np.ascontiguousarray(values).tobytes(), np.uint8)
            self.model.buffers.append(buffer)
        self.graph.tensors.append(tensor)
        return len(self.graph.tensors) - 1

    def operator(self, kind, inputs, output, options=None, version=1):
        """Add an operator; options: (name of its table, {field: value})."""
        code, operator = schema.OperatorCodeT(), schema.OperatorT()
        code.builtinCode = getattr(schema.BuiltinOperator, kind)
        code.deprecatedBuiltinCode, code.version = min(code.builtinCode, 127), version
        self.model.operatorCodes.append(code)
        operator.opcodeIndex, operator.inputs = len(self.model.operatorCodes) - 1, list(inputs)
        operator.outputs = [output]
        if options:
            name, fields = options
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, name)
            operator.builtinOptions = getattr(schema, f"{name}T")()
            for field, value in fields.items():
                setattr(operator.builtinOptions, field, value)
        self.graph.operators.append(operator)
        self.at = output
        return output

    def convolution(self, channels, size, stride=(1, 1), padding=SAME, activation=NONE, dilation=(1, 1), per_axis=True):
        given = self.shape()
        weights, bias, scales, output = self._weighted((channels, *size, given[3]), 0, channels, per_axis)
        shape = (1, *_moved(given[1:3], size, stride, dilation, padding), channels)
        target = self._output(shape, scales, int(np.prod(size)) * given[3], output)
        fields = {"padding": padding, "strideH": stride[0], "strideW": stride[1], "fusedActivationFunction": activation,
                  "dilationHFactor": dilation[0], "dilationWFactor": dilation[1]}  # fmt: skip
        return self.operator("CONV_2D", (self.at, weights, bias), target, ("Conv2DOptions", fields), 3)

    def depthwise(self, size, stride=(1, 1), padding=SAME, activation=NONE, dilation=(1, 1), multiplier=1):
        given = self.shape()
        channels = given[3] * multiplier
        weights, bias, scales, output = self._weighted((1, *size, channels), 3, channels, True)
        shape = (1, *_moved(given[1:3], size, stride, dilation, padding), channels)
        target = self._output(shape, scales, int(np.prod(size)), output)
        fields = {"padding": padding, "strideH": stride[0], "strideW": stride[1], "fusedActivationFunction": activation,
                  "dilationHFactor": dilation[0], "dilationWFactor": dilation[1],
                  "depthMultiplier": multiplier}  # fmt: skip
        return self.operator(
            "DEPTHWISE_CONV_2D", (self.at, weights, bias), target, ("DepthwiseConv2DOptions", fields), 3
        )

    def dense(self, units, activation=NONE, per_axis=False):
        length = int(np.prod(self.shape()))
        weights, bias, scales, output = self._weighted((units, length), 0, units, per_axis)
        target = self._output((1, units), scales, length, output)
        fields = {"fusedActivationFunction": activation}
        return self.operator("FULLY_CONNECTED", (self.at, weights, bias), target, ("FullyConnectedOptions", fields), 4)

    def addition(self, first, second, activation=NONE):
        scale = sum(self.quantization(one)[0] for one in (first, second)) * self.random.uniform(0.3, 0.9)
        target = self.tensor(self.shape(first), scale=scale, zero=self._zero())
        fields = {"fusedActivationFunction": activation}
        return self.operator("ADD", (first, second), target, ("AddOptions", fields), 2)

    def constant_operand(self, kind):
        """ADD or MUL of one constant."""
        value = int(self.random.integers(-127, 128)) or 1
        constant = self.tensor((), scale=self.random.uniform(0.01, 0.1), zero=self._zero(), values=np.int8([value]))
        scale, _ = self.quantization()
        grows = abs(value * self.quantization(constant)[0]) if kind == "MUL" else 1.0
        target = self.tensor(
            self.shape(), scale=scale * max(grows, 0.01) * self.random.uniform(0.5, 1.5), zero=self._zero()
        )
        return self.operator(
            kind, (self.at, constant), target, (f"{kind.title()}Options", {"fusedActivationFunction": 0}), 2
        )

    def pool(self, kind, size, stride, padding=VALID, activation=NONE):
        given = self.shape()
        shape = (1, *_moved(given[1:3], size, stride, (1, 1), padding), given[3])
        target = self.tensor(shape, scale=self.quantization()[0], zero=self.quantization()[1])
        fields = {"padding": padding, "strideH": stride[0], "strideW": stride[1], "filterHeight": size[0],
                  "filterWidth": size[1], "fusedActivationFunction": activation}  # fmt: skip
        return self.operator(kind, (self.at,), target, ("Pool2DOptions", fields), 2)

    def mean(self, keep=False):
        given = self.shape()
        axes = self.tensor((2,), "INT32", values=np.int32([1, 2]))
        shape = (1, 1, 1, given[3]) if keep else (1, given[3])
        target = self.tensor(shape, scale=self.quantization()[0] * self.random.uniform(0.2, 1.2), zero=self._zero())
        return self.operator("MEAN", (self.at, axes), target, ("ReducerOptions", {"keepDims": keep}), 2)

    def pad(self, above, below, left, right):
        _, height, width, channels = self.shape()
        amounts = self.tensor((4, 2), "INT32", values=np.int32([[0, 0], [above, below], [left, right], [0, 0]]))
        shape = (1, height + above + below, width + left + right, channels)
        target = self.tensor(shape, scale=self.quantization()[0], zero=self.quantization()[1])
        return self.operator("PAD", (self.at, amounts), target, ("PadOptions", {}), 2)

    def flatten(self):
        shape = (1, int(np.prod(self.shape())))
        sizes = self.tensor((2,), "INT32", values=np.int32(shape))
        target = self.tensor(shape, scale=self.quantization()[0], zero=self.quantization()[1])
        return self.operator("RESHAPE", (self.at, sizes), target, ("ReshapeOptions", {"newShape": list(shape)}))

    def softmax(self, beta=1.0):
        target = self.tensor(self.shape(), scale=1 / 256, zero=-128)
        return self.operator("SOFTMAX", (self.at,), target, ("SoftmaxOptions", {"beta": beta}), 2)

    def logistic(self):
        target = self.tensor(self.shape(), scale=1 / 256, zero=-128)
        return self.operator("LOGISTIC", (self.at,), target, None, 2)

    def requantize(self, kind="QUANTIZE", dtype="INT8", scale=None, zero=None):
        scale = self.quantization()[0] * self.random.uniform(0.5, 2) if scale is None else scale
        target = self.tensor(self.shape(), dtype, scale, self._zero() if zero is None else zero)
        return self.operator(kind, (self.at,), target, None, 2)

    def called(self, scale):
        """The same stored values under another scale: a product with the one constant that does that."""
        now, zero = self.quantization()
        constant = self.tensor((), scale=scale / now, values=np.int8([1]))
        target = self.tensor(self.shape(), scale=scale, zero=zero)
        return self.operator("MUL", (self.at, constant), target, ("MulOptions", {"fusedActivationFunction": 0}), 2)

    def joined(self, tensors):
        shape = (*self.shape(tensors[0])[:3], sum(self.shape(one)[3] for one in tensors))
        scale, zero = self.quantization(tensors[0])
        target = self.tensor(shape, scale=scale, zero=zero)
        return self.operator("CONCATENATION", tensors, target, ("ConcatenationOptions", {"axis": 3}), 2)

    def _zero(self):
        return int(self.random.choice([-128, 127, int(self.random.integers(-128, 128))]))

    def _weighted(self, shape, axis, channels, per_axis):
        values = self.random.integers(-127, 128, shape).astype(np.int8)
        scales = self.random.uniform(0.001, 0.02, channels if per_axis else 1).astype(np.float32)
        if self.uneven:
            scales *= np.float32(2) ** -self.random.integers(0, self.uneven + 1, scales.size)
        weights = self.tensor(shape, scale=scales, values=values, axis=axis)
        given = self.quantization()[0]
        spread = 127 * 60 * np.sqrt(values.size / channels)
        amounts = self.random.integers(-spread, spread + 1, channels).astype(np.int32)
        bias = self.tensor((channels,), "INT32", (scales.astype(float) * given), values=amounts)
        return weights, bias, scales, given

    def _output(self, shape, scales, terms, given):
        """A scale at which the sum of so many products reaches beyond the ends now and then."""
        spread = float(np.mean(scales)) * given * 127 * 60 * np.sqrt(terms)
        scale = spread / 100 * self.random.uniform(0.7, 1.5) / self.finer
        return self.tensor(shape, scale=scale, zero=self._zero())


def _moved(given, size, stride, dilation, padding):
    spans = [(one - 1) * apart + 1 for one, apart in zip(size, dilation, strict=True)]
    if padding == SAME:
        return [-(-length // step) for length, step in zip(given, stride, strict=True)]
    return [(length - span) // step + 1 for length, span, step in zip(given, spans, stride, strict=True)]
