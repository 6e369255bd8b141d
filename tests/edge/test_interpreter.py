"""The seam to a TFLite runtime: one contract for every runtime, and models that nobody here made."""

import functools
import hashlib
import importlib.util
import json
import multiprocessing
from importlib.resources import files
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from edge import interpreter as module
from edge.classifier import Classifier, best
from edge.conventions import Normalization
from edge.edgetpu import EdgeTpu
from edge.errors import MissingPackageError, ModelError
from edge.input_layout import as_asked, as_picture
from edge.interpreter import TensorSpec, TfliteInterpreter, input_encoder, real_values
from edge.pictures import read_picture
from edge.preprocess import InputSpec, preprocess
from edge.runtime_errors import cannot_run
from tests.small_graphs import PLAIN, graph

MODEL = Path(str(files("edge"))) / "data" / "bundle" / "model.tflite"
REFERENCE = Path(__file__).resolve().parents[2].parent / "shared" / "reference_models"

needs_reference = pytest.mark.skipif(not REFERENCE.is_dir(), reason="the reference models lie beside the repository")


class Doubled:
    """The pretend interpreter: answers twice what it is given."""

    runtime_name = "pretend"
    input = TensorSpec((1, 4), np.dtype(np.int8), 1.0, 0)
    output = TensorSpec((1, 4), np.dtype(np.int8), 2.0, 0)

    def run(self, values):
        """Return a fresh array."""
        return values * 2


@pytest.fixture(
    params=[
        "pretend",
        "ai_edge_litert.interpreter",
        "tflite_runtime.interpreter",
        "delegate",
        pytest.param(
            "tensorflow.lite.python.interpreter",
            marks=[pytest.mark.slow, pytest.mark.filterwarnings("ignore:.*tf.lite.Interpreter is deprecated")],
        ),
    ]
)
def any_interpreter(request, monkeypatch):
    """Every implementation of the seam that this machine has."""
    if request.param == "pretend":
        return Doubled()
    if request.param == "delegate":
        monkeypatch.setenv("STAND_IN", "answer")
        compiled = request.getfixturevalue("tmp_path") / "model_edgetpu.tflite"
        compiled.write_bytes(graph(mapped=len(PLAIN)))
        return EdgeTpu(request.getfixturevalue("delegate_library"), trial_timeout_s=None).open(compiled)
    package = request.param.split(".")[0]
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed")
    monkeypatch.setattr(module, "RUNTIMES", (request.param,))
    return TfliteInterpreter(MODEL)


def noise(spec, seed=0):
    """Return any input that fits."""
    limits = np.iinfo(spec.dtype)
    random = np.random.default_rng(seed)
    return random.integers(limits.min // 4, limits.max // 4, spec.shape, dtype=spec.dtype)


def test_the_output_has_the_shape_and_dtype_announced(any_interpreter):
    """What `output` says is what `run` returns."""
    output = any_interpreter.run(noise(any_interpreter.input))

    assert output.shape == any_interpreter.output.shape
    assert output.dtype == any_interpreter.output.dtype


def test_the_same_input_gives_the_same_output(any_interpreter):
    """An interpreter keeps no memory of earlier parts."""
    first = any_interpreter.run(noise(any_interpreter.input))
    any_interpreter.run(noise(any_interpreter.input, seed=1))

    assert np.array_equal(any_interpreter.run(noise(any_interpreter.input)), first)


def test_the_output_is_a_copy(any_interpreter):
    """The next part must not change the scores of the last one."""
    first = any_interpreter.run(noise(any_interpreter.input))
    kept = first.copy()
    any_interpreter.run(noise(any_interpreter.input, seed=1))

    assert np.array_equal(first, kept)


def test_the_input_is_left_as_it_was(any_interpreter):
    """The caller may use its buffer again."""
    values = noise(any_interpreter.input)
    kept = values.copy()
    any_interpreter.run(values)

    assert np.array_equal(values, kept)


def test_another_shape_or_dtype_is_a_programming_mistake(any_interpreter):
    """The contract asks for exactly the input's shape and dtype; a runtime says so itself."""
    if any_interpreter.runtime_name == "pretend":
        pytest.skip("the pretend one does not check")
    values = noise(any_interpreter.input)

    for wrong in (values[..., :1], values.astype(np.float32)):
        with pytest.raises(ValueError, match=r"(?i)cannot set tensor"):
            any_interpreter.run(wrong)


def test_without_any_runtime_the_remedy_is_named(monkeypatch):
    """One sentence with the command to run, not an ImportError."""
    monkeypatch.setattr(module, "RUNTIMES", ("no_such_runtime.interpreter",))

    with pytest.raises(MissingPackageError, match="pip install ai-edge-litert"):
        TfliteInterpreter(MODEL)


def test_the_first_runtime_installed_is_taken(monkeypatch):
    """A missing one is passed over."""
    monkeypatch.setattr(module, "RUNTIMES", ("no_such_runtime.interpreter", "ai_edge_litert.interpreter"))
    pytest.importorskip("ai_edge_litert", reason="ai-edge-litert has no wheel for this machine")

    assert TfliteInterpreter(MODEL).runtime_name == "ai_edge_litert.interpreter"


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("Encountered unresolved custom op: AudioSpectrogram.\nSee instructions", "knows (AudioSpectrogram); export"),
        ("Encountered unresolved custom op: TFLite_Detection_PostProcess.", "knows (TFLite_Detection_PostProcess); ex"),
        ("Encountered unresolved custom op: edgetpu-custom-op.", "compiled for a Coral Edge TPU"),
        (
            "Select TensorFlow op(s), included in the given model, is(are) not supported",
            "export the model with built-in",
        ),
        ("Regular TensorFlow ops are not supported. Flex delegate", "found some of TensorFlow itself"),
        ("Didn't find op for builtin opcode 'CONV_2D' version '99'", "found: Didn't find op for builtin opcode"),
    ],
)
def test_an_operator_that_is_missing_here_is_named(reason, told):
    """What the maker of the model must do otherwise differs from case to case."""
    assert told in cannot_run(Path("model.tflite"), RuntimeError(reason), accelerated=False)


def test_a_missing_model_is_a_model_error(tmp_path):
    """The runtime's own words are put into a sentence."""
    with pytest.raises(ModelError, match=r"none\.tflite"):
        TfliteInterpreter(tmp_path / "none.tflite")


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (TensorSpec((1,), np.dtype(np.int8), 1.0, -128), [-128, -127, 72, 127]),
        (TensorSpec((1,), np.dtype(np.uint8), 1.0, 0), [0, 1, 200, 255]),
        (TensorSpec((1,), np.dtype(np.int8), 0.784, -128), [-128, -127, 127, 127]),
        (TensorSpec((1,), np.dtype(np.uint8), 1 / 255, 0), [0, 1, 200, 255]),
        (TensorSpec((1,), np.dtype(np.int8), 2 / 255, -1), [-128, -127, 72, 127]),
        (TensorSpec((1,), np.dtype(np.float32), 0.0, 0), [0.0, 1.0, 200.0, 255.0]),
    ],
)
def test_pixels_become_stored_values(spec, expected):
    """Read from the model's own scale and zero point: "pixel minus 128" is wrong as soon as the scale is not one."""
    stored = input_encoder(spec)(np.array([0, 1, 200, 255], np.uint8))

    assert stored.dtype == spec.dtype
    assert stored.tolist() == expected


@pytest.mark.parametrize(
    ("spec", "normalization", "expected"),
    [
        (TensorSpec((1,), np.dtype(np.float32), 0.0, 0), ((127.5,), (127.5,)), [[-1, -1, -1], [1, 1, 1]]),
        (TensorSpec((1,), np.dtype(np.float32), 0.0, 0), ((0, 51, 255), (255, 51, -1)), [[0, -1, 255], [1, 4, 0]]),
        (TensorSpec((1,), np.dtype(np.uint8), 0.01, 77), ((127.5,), (127.5,)), [[0, 0, 0], [177, 177, 177]]),
        (TensorSpec((1,), np.dtype(np.int8), 1.0, 0), ((128,), (1,)), [[-128, -128, -128], [127, 127, 127]]),
        (TensorSpec((1,), np.dtype(np.uint8), 0.0, 0), ((0,), (1,)), [[0, 0, 0], [255, 255, 255]]),
    ],
)
def test_pixels_are_normalized_as_a_model_made_elsewhere_wants_them(spec, normalization, expected):
    """(pixel - mean) / std, for all channels or each; then stored in the tensor's own units, clipped to its range."""
    mean, std = normalization
    stored = input_encoder(spec, Normalization(mean=mean, std=std))(np.array([[[0, 0, 0], [255, 255, 255]]], np.uint8))

    assert stored.dtype == spec.dtype
    assert stored.tolist() == [expected]


@pytest.mark.parametrize(
    ("mean", "std"),
    [((), (1,)), ((1, 2), (1,)), ((0,), (0,)), ((0,), (1e-30,)), ((float("nan"),), (1,)), ((float("inf"),), (1,))],
)
def test_a_normalization_that_nobody_can_count_with_is_refused(mean, std):
    """Before it makes scores that are no numbers."""
    with pytest.raises(ValueError, match="expected"):
        Normalization(mean=mean, std=std)


def test_stored_values_become_real_ones():
    """real = scale * (stored - zero point); a float tensor is real already."""
    stored = np.array([-128, 0, 127], np.int8)

    assert real_values(stored, TensorSpec((3,), stored.dtype, 1 / 256, -128)).tolist() == [0.0, 0.5, 255 / 256]
    assert real_values(np.float32([0.25]), TensorSpec((1,), np.dtype(np.float32), 0.0, 0)).tolist() == [0.25]


# Models made elsewhere, with what two runtimes answered (expected.json).

CASES = json.loads((REFERENCE / "expected.json").read_text())["cases"] if REFERENCE.is_dir() else []
RUNS = [
    pytest.param(case, name, id=f"{case['model'].removesuffix('.tflite')}-{case['image']}-{name.lower()}")
    for case in CASES
    for name in case["per_resize"]
]


def spec_of(model, resize):
    """Return the input spec of a reference model; the network of the handwritten nine takes grey pictures."""
    _, height, width, channels = TfliteInterpreter(REFERENCE / model).input.shape
    color = "rgb" if channels == 3 else "grey"
    return InputSpec(width_px=width, height_px=height, color=color, resize_filter=resize.lower())


def prepared(case, resize):
    """Prepare a case's picture as a bundle for that model would; skip where Pillow resizes otherwise."""
    pixels = preprocess(read_picture(REFERENCE / case["image"]), spec_of(case["model"], resize))
    if hashlib.sha256(pixels.tobytes()).hexdigest() != case["per_resize"][resize]["input_tensor_sha256"]:
        pytest.skip("this version of Pillow resizes or decodes this picture to other pixels")
    return pixels


@needs_reference
@pytest.mark.parametrize(("case", "resize"), RUNS)
def test_reference_models_answer_as_expected(case, resize):
    """Label and score of a public model on a public picture, through this project's own resize and adapter."""
    interpreter = TfliteInterpreter(REFERENCE / case["model"])
    pixels = prepared(case, resize)

    stored = interpreter.run(input_encoder(interpreter.input)(pixels)[np.newaxis])
    scores = real_values(stored, interpreter.output).reshape(-1)

    answer = best(tuple(str(number) for number in range(scores.size)), scores)
    assert int(answer.label) in case["top1_ids_seen"]
    # Two runtimes may lie 17/256 apart with their default kernels.
    assert case["top1_score_min"] - 0.07 <= answer.score <= case["top1_score_max"] + 0.07


@needs_reference
@pytest.mark.parametrize(("case", "resize"), RUNS)
def test_reference_models_answer_through_the_classifier(case, resize):
    """The whole path of the device: picture, preprocess, encoder, model, label."""
    interpreter = TfliteInterpreter(REFERENCE / case["model"])
    prepared(case, resize)
    labels = tuple((REFERENCE / "imagenet_labels.txt").read_text().splitlines())[: interpreter.output.shape[1]]
    names = {labels[number] for number in case["top1_ids_seen"]}

    assert (
        Classifier(interpreter, labels, spec_of(case["model"], resize))
        .classify(read_picture(REFERENCE / case["image"]))
        .label
        in names
    )


def send_digests(model, inputs, answers):
    """Run inputs one after the other with the reference kernels and send the digest of each output."""
    interpreter = TfliteInterpreter(model, reference_kernels=True)
    answers.send([hashlib.sha256(interpreter.run(stored).tobytes()).hexdigest() for stored in inputs])


@functools.cache
def reference_digests(model):
    """Return the digests of all of a model's cases, in the order in which expected.json lists them.

    In a child process: on some networks the reference kernels abort the whole process.
    """
    runs = [run.values for run in RUNS if run.values[0]["model"] == model]
    encode = input_encoder(TfliteInterpreter(REFERENCE / model).input)
    inputs = [encode(prepared(case, resize))[np.newaxis] for case, resize in runs]
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=send_digests, args=(REFERENCE / model, inputs, sender))
    child.start()
    child.join(60)
    assert child.exitcode == 0
    digests = receiver.recv()
    return {(case["image"], resize): digest for (case, resize), digest in zip(runs, digests, strict=True)}


@needs_reference
@pytest.mark.parametrize(
    ("case", "resize"),
    [
        one
        if "128" in one.values[0]["model"]
        else pytest.param(*one.values, id=one.id, marks=[*one.marks, pytest.mark.slow])
        for one in RUNS
    ],
)
def test_reference_kernels_give_the_exact_bytes(case, resize):
    """Every runtime agrees bit for bit on them.

    The recurrent one was measured three times in a row with what it remembered; here each run is a first one.
    """
    fresh = "NEAREST" if "lstm" in case["model"] else resize
    expected = case["per_resize"][fresh]["builtin_ref_output_sha256"]

    assert reference_digests(case["model"])[case["image"], resize] == expected


@needs_reference
@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("mobilenet_v1_0.25_128_quant_edgetpu.tflite", "compiled for a Coral Edge TPU"),
        ("model_invoking_error.tflite", "fake-op-double"),
    ],
)
def test_a_model_that_cannot_run_here_says_why(name, complaint):
    """One compiled for an accelerator, and one with an operation nobody knows."""
    with pytest.raises(ModelError, match=complaint):
        TfliteInterpreter(REFERENCE / name)


@needs_reference
def test_a_recurrent_model_forgets_the_picture_before():
    """It remembers from run to run, as the runtime sees it; for parts on a belt every picture is the first."""
    interpreter = TfliteInterpreter(REFERENCE / "keras_lstm_mnist_ptq.tflite")
    values = noise(interpreter.input)

    first = interpreter.run(values)
    interpreter.run(noise(interpreter.input, seed=1))

    assert interpreter.input.shape == (1, 28, 28, 1)
    assert np.array_equal(interpreter.run(values), first)


@pytest.mark.parametrize(
    ("shape", "picture"),
    [
        ((1, 28, 28), (1, 28, 28, 1)),
        ((28, 24, 3), (1, 28, 24, 3)),
        ((28, 24, 1), (1, 28, 24, 1)),
        ((1, 8, 8, 3), (1, 8, 8, 3)),
        ((1, 3, 28, 24), (1, 28, 24, 3)),
        ((1, 1, 28, 24), (1, 28, 24, 1)),
        ((10, 24, 5), (10, 24, 5)),
        ((1, 784), (1, 784)),
    ],
)
def test_an_axis_that_is_left_out_or_moved_is_put_where_it_belongs(shape, picture):
    """Nothing else is taken for a picture; and every value goes back to where the model looks for it."""
    assert as_picture(shape) == picture
    values = np.arange(np.prod(shape)).reshape(shape)
    presented = values.transpose(0, 2, 3, 1) if shape[1:2] in ((1,), (3,)) else values.reshape(picture)
    assert np.array_equal(as_asked(presented, shape), values)


def test_a_picture_without_channels_goes_in_as_one_with(monkeypatch):
    """The runtime gets the shape it asks for, and a wrong one is its to refuse."""
    given = []

    class Rows:
        def __init__(self, **options):
            pass

        def allocate_tensors(self):
            pass

        def get_input_details(self):
            return [{"index": 0, "shape": (1, 2, 4), "dtype": np.uint8, "quantization": (1.0, 0)}]

        get_output_details = get_input_details

        def set_tensor(self, index, values):
            given.append(values.shape)

        def invoke(self):
            pass

        def get_tensor(self, index):
            return np.zeros((1, 2, 4), np.uint8)

    monkeypatch.setattr(module, "load_runtime", lambda _: SimpleNamespace(__name__="rows", Interpreter=Rows))
    interpreter = TfliteInterpreter(MODEL)

    interpreter.run(np.zeros((1, 2, 4, 1), np.uint8))
    interpreter.run(np.zeros((1, 4, 2, 1), np.uint8))

    assert given == [(1, 2, 4), (1, 4, 2, 1)]
