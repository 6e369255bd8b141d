"""What these tests share: small models with known weights, made without TensorFlow, pictures, and runs set by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest
from PIL import Image

from edge import rehearsal
from edge.interpreter import TfliteInterpreter
from edge.rehearsal import shown_by
from quantize.import_model import ImportOptions, import_model
from tests.quantize.brightness_runs import make_run

COLORS = {"red": (215, 30, 40), "green": (40, 210, 30), "blue": (30, 40, 205), "dull": (150, 148, 152)}
SOFTMAX, LOGISTIC, DEQUANTIZE, QUANTIZE, MEAN, FULLY_CONNECTED = 25, 14, 6, 114, 40, 9


@dataclass(frozen=True)
class Tiny:
    """A network that tells the colours of COLORS by the mean of the picture, fed with pixels from -1 to 1.

    quantized: dtype, scale and zero point of the input; None is float32. background: -1 none, else its output.
    """

    shape: tuple[int, ...] = (1, 8, 8, 3)
    quantized: tuple[str, float, int] | None = None
    output: tuple[str, float, int] | None = None
    last: int | None = SOFTMAX
    background: int | None = None
    two_outputs: bool = False
    places: bool = False
    outputs: int | None = None
    from_pixels: bool = False

    def weights(self):
        """Return (outputs, channels) and (outputs,): a colour needs 8 times its channel above 3, else it is dull."""
        weights = np.vstack([8 * np.eye(3), np.zeros((1, 3))])
        bias = np.array([0.0, 0, 0, 3])
        if self.background is not None:
            weights = np.insert(weights, self.background, 0, axis=0)
            bias = np.insert(bias, self.background, -20)
        if self.outputs is not None:
            weights, bias = weights[: self.outputs], bias[: self.outputs]
        if self.from_pixels:  # fed with pixels from 0 to 255 instead
            weights, bias = weights / 127.5, bias - weights.sum(axis=1)
        return weights.astype(np.float32), bias.astype(np.float32)

    def built(self) -> bytes:
        """Return the .tflite."""
        return _Builder(self).built()


class _Builder:
    def __init__(self, tiny):
        self.schema = pytest.importorskip("ai_edge_litert.schema_py_generated", reason="the runtime brings the schema")
        self.tiny, self.model, self.graph = tiny, self.schema.ModelT(), self.schema.SubGraphT()
        self.model.version, self.model.buffers = 3, [self.schema.BufferT()]
        self.model.operatorCodes, self.graph.tensors, self.graph.operators = [], [], []

    def tensor(self, name, shape, dtype="float32", data=None, quantization=None):
        tensor = self.schema.TensorT()
        tensor.name, tensor.shape, tensor.buffer = name, list(shape), 0
        tensor.type = getattr(self.schema.TensorType, dtype.upper())
        if quantization:
            tensor.quantization = self.schema.QuantizationParametersT()
            tensor.quantization.scale, tensor.quantization.zeroPoint = [quantization[0]], [quantization[1]]
        if data is not None:
            buffer = self.schema.BufferT()
            buffer.data = np.frombuffer(data.tobytes(), np.uint8)
            self.model.buffers.append(buffer)
            tensor.buffer = len(self.model.buffers) - 1
        self.graph.tensors.append(tensor)
        return len(self.graph.tensors) - 1

    def operator(self, code, inputs, output, options=None):
        known = self.schema.OperatorCodeT()
        known.builtinCode = known.deprecatedBuiltinCode = code
        known.version = 1
        self.model.operatorCodes.append(known)
        operator = self.schema.OperatorT()
        operator.opcodeIndex, operator.inputs, operator.outputs = len(self.model.operatorCodes) - 1, inputs, [output]
        if options is not None:
            operator.builtinOptions = options
            operator.builtinOptionsType = getattr(self.schema.BuiltinOptions, type(options).__name__.removesuffix("T"))
        self.graph.operators.append(operator)
        return output

    def built(self):
        tiny, schema = self.tiny, self.schema
        quantized = tiny.quantized or ("float32", 0, 0)
        picture = at = self.tensor(
            "in", tiny.shape, quantized[0], quantization=quantized[1:] if tiny.quantized else None
        )
        if tiny.quantized:
            at = self.operator(DEQUANTIZE, [at], self.tensor("real", tiny.shape))
        if not tiny.places:
            at = self.classify(at)
        shape = self.graph.tensors[at].shape
        if tiny.last == SOFTMAX:
            options = schema.SoftmaxOptionsT()
            options.beta = 1.0
            at = self.operator(SOFTMAX, [at], self.tensor("scores", shape), options)
        elif tiny.last == LOGISTIC:
            at = self.operator(LOGISTIC, [at], self.tensor("scores", shape))
        if tiny.output:
            dtype, *quantization = tiny.output
            at = self.operator(QUANTIZE, [at], self.tensor("out", shape, dtype, quantization=quantization))
        self.graph.inputs, self.graph.outputs = [picture], [at, at - 1] if tiny.two_outputs else [at]
        self.model.subgraphs = [self.graph]
        return self.packed()

    def classify(self, at):
        axes = np.array([1, 2] if self.tiny.shape[-1] in (1, 3) else [2, 3], np.int32)
        channels = self.tiny.shape[-1] if axes[0] == 1 else self.tiny.shape[1]
        options = self.schema.ReducerOptionsT()
        pooled = self.tensor("mean", (self.tiny.shape[0], channels))
        self.operator(MEAN, [at, self.tensor("axes", (2,), "int32", axes)], pooled, options)
        weights, bias = self.tiny.weights()
        weights = weights[:, :channels]
        constants = [self.tensor("weights", weights.shape, data=weights), self.tensor("bias", bias.shape, data=bias)]
        logits = self.tensor("logits", (self.tiny.shape[0], len(bias)))
        return self.operator(FULLY_CONNECTED, [pooled, *constants], logits, self.schema.FullyConnectedOptionsT())

    def packed(self):
        flatbuffers = pytest.importorskip("flatbuffers")
        builder = flatbuffers.Builder(0)
        builder.Finish(self.model.Pack(builder), file_identifier=b"TFL3")
        return bytes(builder.Output())


@pytest.fixture
def tiny(tmp_path) -> Callable[..., object]:
    """Write a Tiny with these settings, and return its path."""

    def write(**settings):
        path = tmp_path / "tiny.tflite"
        path.write_bytes(replace(Tiny(), **settings).built())
        return path

    return write


@pytest.fixture
def color_labels(tmp_path):
    """Write the label file of a Tiny."""
    path = tmp_path / "labels.txt"
    path.write_text("".join(f"{label}\n" for label in COLORS))
    return path


@pytest.fixture
def color_folder(tmp_path):
    """Twelve pictures of each colour, a folder per class."""
    random = np.random.default_rng(5)
    for label, color in COLORS.items():
        folder = tmp_path / "pictures" / label
        folder.mkdir(parents=True)
        for number in range(12):
            pixels = np.clip(np.array(color) + random.integers(-20, 20, (12, 12, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / f"{number}.png")
    return tmp_path / "pictures"


@pytest.fixture
def described():
    """Put metadata into a model that takes pixels from -1 to 1."""
    from edge.preprocess import InputSpec
    from quantize.metadata import with_metadata

    def describe(model):
        written = with_metadata(model, tuple(COLORS), InputSpec(width_px=8, height_px=8))
        pixels = np.float32([1, 1, 1]).tobytes() + (3).to_bytes(4, "little") + np.float32([0, 0, 0]).tobytes()
        assert written.count(pixels) == 1
        halves = np.float32([127.5] * 3).tobytes()
        return written.replace(pixels, halves + (3).to_bytes(4, "little") + halves)

    return describe


@pytest.fixture(scope="session")
def easy_run(tmp_path_factory):
    """A run whose classes are far apart: integers lose nothing."""
    pytest.importorskip("tensorflow", reason="TensorFlow comes with the desktop install")
    return make_run(tmp_path_factory.mktemp("easy"), bright=180.5, dim=60.5)


@pytest.fixture(scope="session")
def fragile_run(tmp_path_factory):
    """A run whose classes differ by 0.15 of a grey level: the mean of an int8 tensor cannot hold that."""
    pytest.importorskip("tensorflow", reason="TensorFlow comes with the desktop install")
    return make_run(tmp_path_factory.mktemp("fragile"), bright=127.45, dim=127.30)


@pytest.fixture
def tried_here(monkeypatch):
    """Try models in this process: those of a test that asks for it are sound, and a child takes its time."""

    def here(model, path, runtime_module=None):
        return shown_by(TfliteInterpreter(path, runtime_module=runtime_module, content=model))

    monkeypatch.setattr(rehearsal, "rehearse", here)


@pytest.fixture
def importing(tmp_path, color_labels):
    """Import a model with the labels of the colours."""

    def run(model, labels=color_labels, out="bundle", **options):
        return import_model(ImportOptions(model, tmp_path / out, labels, **options))

    return run
