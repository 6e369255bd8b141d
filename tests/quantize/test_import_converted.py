"""Models as TensorFlow's users export them: free batch, float32, float16, dynamic range, integers with any ends."""

import numpy as np
import pytest
from PIL import Image

from edge.bundle import open_bundle
from quantize.import_model import ImportOptions, import_model
from quantize.quiet import quiet
from tests.installed import require_installed

pytestmark = pytest.mark.slow
require_installed("tensorflow", "TensorFlow comes with the desktop install")

COLORS = {"amber": (220, 150, 20), "jade": (20, 150, 100), "plum": (120, 20, 110)}
SIDE_PX = 16


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Eight noisy pictures of each colour."""
    random = np.random.default_rng(4)
    data = tmp_path_factory.mktemp("colors")
    for label, color in COLORS.items():
        (data / label).mkdir()
        for number in range(8):
            pixels = np.clip(np.array(color) + random.normal(0, 25, (SIDE_PX, SIDE_PX, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(data / label / f"{number}.png")
    return data


@pytest.fixture(scope="module")
def network(folder):
    """A network trained on pixels from -1 to 1, as Teachable Machine's are; its end gives logits."""
    from training.tensorflow_setup import load_keras

    keras = load_keras("testing")
    keras.utils.set_random_seed(1)
    layers = [
        keras.Input((SIDE_PX, SIDE_PX, 3)),
        keras.layers.Conv2D(8, 3, strides=2, activation="relu"),
        keras.layers.GlobalAveragePooling2D(),
        keras.layers.Dense(3),
    ]
    model = keras.Sequential(layers)
    model.compile(keras.optimizers.Adam(0.02), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    inputs, truth = inputs_of(folder)
    model.fit(inputs, truth, epochs=40, verbose=0)
    assert (model.predict(inputs, verbose=0).argmax(axis=1) == truth).all()
    return model


def inputs_of(folder):
    """Read the pictures as that network wants them."""
    paths = sorted(folder.glob("*/*.png"))
    pixels = np.stack([np.asarray(Image.open(path)) for path in paths])
    return (pixels / 127.5 - 1).astype(np.float32), np.array([list(COLORS).index(path.parent.name) for path in paths])


def exported(network, folder, kind):
    """Convert as the kind of export does."""
    from training.tensorflow_setup import load_tensorflow

    tf = load_tensorflow("testing")
    converter = tf.lite.TFLiteConverter.from_keras_model(network)
    if kind != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if kind == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if kind in ("int8", "uint8", "float ends"):
        converter.representative_dataset = lambda: ([picture[np.newaxis]] for picture in inputs_of(folder)[0])
    if kind in ("int8", "uint8"):
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = getattr(tf, kind)
    with quiet():
        return converter.convert()


@pytest.mark.parametrize("kind", ["float32", "float16", "dynamic range", "float ends", "int8", "uint8"])
def test_an_export_answers_as_the_network_it_was_made_of(network, folder, tmp_path, kind):
    """Every picture, with nothing but labels and the folder: the normalization is found, logits become scores."""
    path, labels = tmp_path / "model.tflite", tmp_path / "labels.txt"
    path.write_bytes(exported(network, folder, kind))
    labels.write_text("".join(f"{number} {label}\n" for number, label in enumerate(COLORS)))

    imported = import_model(ImportOptions(path, tmp_path / "bundle", labels, folder))

    assert imported.known.judged.accuracy.right == 24
    assert imported.bundle.facts.conventions.answers == "logits"
    logits = network.predict(inputs_of(folder)[0], verbose=0)
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert np.abs(imported.known.judged.scores[np.argsort(order(imported, folder))] - expected).max() < 0.1
    open_bundle(tmp_path / "bundle").classifier()


def order(imported, folder):
    """Return where each judged picture stands among the sorted ones: the import takes the classes in turn."""
    assert imported.known.judged.truth.tolist() == [0, 1, 2] * 8
    return [label * 8 + number for number in range(8) for label in range(3)]
