"""Our .tflite in MediaPipe: its ImageClassifier opens the file as it is, and gives the same labels and scores.

MediaPipe takes uint8 and float32 inputs only, so these models have such ends. It resizes in a way of its own, so the
pictures have the input's size.
"""

import numpy as np
import pytest

from edge.preprocess import InputSpec
from quantize.convert import convert
from quantize.integer_model import load_integer_model
from quantize.metadata import with_metadata
from quantize.weights_alone import convert_weights
from tests.installed import require_installed

require_installed("mediapipe", "MediaPipe comes with the dev install")
pytestmark = pytest.mark.slow  # to import it takes four seconds

LABELS = ("red", "green", "blue", "dull")


@pytest.fixture
def in_mediapipe(tmp_path):
    """Score pictures, (N, H, W, 3) uint8, with MediaPipe's ImageClassifier: (N, labels), and what it calls them."""
    mp = pytest.importorskip("mediapipe", reason="MediaPipe cannot be loaded here", exc_type=ImportError)
    from mediapipe.tasks.python import BaseOptions, vision

    def score(model, inputs):
        options = vision.ImageClassifierOptions(base_options=BaseOptions(model_asset_buffer=model))
        rows, names = [], ()
        with vision.ImageClassifier.create_from_options(options) as classifier:
            for pixels in inputs:
                image = mp.Image(image_format=mp.ImageFormat.SRGB, data=np.ascontiguousarray(pixels))
                found = sorted(classifier.classify(image).classifications[0].categories, key=lambda one: one.index)
                names = tuple(one.category_name for one in found)
                rows.append([one.score for one in found])
        return np.array(rows), names

    return score


def pictures(spec, count=30):
    """Return flat colours with noise on them, (N, H, W, 3) uint8."""
    random = np.random.default_rng(2)
    colors = random.integers(0, 256, (count, 1, 1, 3))
    return np.clip(colors + random.integers(-30, 30, (count, *spec.shape)), 0, 255).astype(np.uint8)


def test_it_opens_a_described_model_and_answers_the_same(tiny, in_mediapipe):
    """Labels by name and in order, every score within one step of 1/256."""
    spec = InputSpec(width_px=8, height_px=8)
    data = tiny(quantized=("uint8", 1.0, 0), output=("uint8", 1 / 256, 0), from_pixels=True).read_bytes()
    model = with_metadata(data, LABELS, spec)
    inputs = pictures(spec)

    scores, names = in_mediapipe(model, inputs)

    classifier = load_integer_model(model, LABELS, spec).classifier
    ours = np.stack([classifier.scores_of_input(pixels) for pixels in inputs])
    assert names == LABELS
    assert set(scores.argmax(axis=1)) == {0, 1, 2, 3}
    assert np.abs(scores - ours).max() <= 1 / 256
    assert np.array_equal(scores.argmax(axis=1), ours.argmax(axis=1))


def test_without_our_metadata_it_has_no_names(tiny, in_mediapipe):
    """What the metadata is for: the bare model gives numbers for names, or is refused."""
    spec = InputSpec(width_px=8, height_px=8)
    data = tiny(quantized=("uint8", 1.0, 0), output=("uint8", 1 / 256, 0), from_pixels=True).read_bytes()

    _, names = in_mediapipe(data, pictures(spec, 1))

    assert set(names) <= {None, ""}


@pytest.mark.slow
def test_it_opens_a_model_of_our_converter(in_mediapipe):
    """A trained network with uint8 ends, full-integer in between: same label and score on pictures of its size."""
    pytest.importorskip("tensorflow", reason="TensorFlow comes with the desktop install")
    spec = InputSpec(width_px=32, height_px=32)
    inputs = pictures(spec, 60)
    ends = np.stack([np.zeros(spec.shape, np.uint8), np.full(spec.shape, 255, np.uint8)])
    converted = convert(trained(spec, inputs), np.concatenate([ends, inputs]), "uint8")
    model = with_metadata(converted, LABELS[:3], spec)

    scores, names = in_mediapipe(model, inputs)

    integer = load_integer_model(model, LABELS[:3], spec)
    ours = np.stack([integer.classifier.scores_of_input(pixels) for pixels in inputs])
    assert integer.interpreter.input.dtype == np.uint8
    assert names == LABELS[:3]
    assert len(set(ours.argmax(axis=1))) == 3
    assert np.abs(scores - ours).max() <= 1 / 256


@pytest.mark.slow
def test_it_opens_a_model_of_8_bit_weights_alone(in_mediapipe):
    """Its ends are float: MediaPipe feeds it with the pixels themselves, as the metadata says, and answers the same."""
    pytest.importorskip("tensorflow", reason="TensorFlow comes with the desktop install")
    spec = InputSpec(width_px=32, height_px=32)
    inputs = pictures(spec, 60)
    model = with_metadata(convert_weights(trained(spec, inputs)), LABELS[:3], spec)

    scores, names = in_mediapipe(model, inputs)

    classifier = load_integer_model(model, LABELS[:3], spec).classifier
    ours = np.stack([classifier.scores_of_input(pixels) for pixels in inputs])
    assert names == LABELS[:3]
    assert len(set(ours.argmax(axis=1))) == 3
    assert np.abs(scores - ours).max() <= 1 / 256


def trained(spec, inputs):
    """Train the shipped small network to name the strongest channel."""
    from training.network_settings import SmallCnnSettings
    from training.networks import build_network
    from training.tensorflow_setup import load_keras

    keras = load_keras("testing")
    keras.utils.set_random_seed(3)
    model = build_network(3, spec, SmallCnnSettings(dense_units=8))
    model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy")
    model.fit(inputs.astype(np.float32), inputs.mean(axis=(1, 2)).argmax(axis=1), epochs=20, verbose=0)
    return model
