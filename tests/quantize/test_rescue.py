"""A model that int8 breaks, what the layers say of it, and the remedy that mends it."""

import json
from dataclasses import replace

import numpy as np
import pytest

from edge.bundle import open_bundle
from edge.check import check_bundle
from edge.errors import ModelError
from edge.model_graph import read_graph
from edge.preprocess import InputSpec
from quantize.calibrated import calibrate
from quantize.convert import check_integer, convert
from quantize.equalize import channel_scales, equalized, layer_pairs
from quantize.float_islands import check_islands, with_readers
from quantize.integer_model import load_integer_model
from quantize.layers import measure_layers, worst_first
from quantize.ranges import cut_ranges, inner_tensors, measured_ranges
from quantize.remedies import Remedy
from quantize.rescue import Trial, _remedies, _taken, _Tried, mends
from quantize.tensor_watch import TensorWatch
from quantize.tflite_graph import TfliteGraph
from quantize.weights_alone import convert_weights
from tests.quantize.brightness_runs import make_run, quantize, report

SPEC = InputSpec(width_px=24, height_px=24)
LABELS = ("bright", "dim", "striped")


def pictures(count, seed):
    """Draw (N, 24, 24, 3) uint8 of three kinds in turn, and their labels' indices."""
    random = np.random.default_rng(seed)
    truth = np.arange(count) % 3
    level = np.array([150, 110, 130])[truth][:, None, None, None]
    stripes = 20 * np.where(np.arange(24) // 3 % 2, 1, -1)[None, :, None, None] * (truth == 2)[:, None, None, None]
    noise = random.normal(0, 12, (count, *SPEC.shape)) + random.normal(0, 4, (count, 1, 1, 3))
    return np.clip(level + stripes + noise, 0, 255).astype(np.uint8), truth


def network(spread=1.0, filters=24):
    """Build a network of fixed random filters under a classifier solved by least squares: no training, no luck.

    spread: how far apart the channels' loudness is driven, in one layer and back in the next. The float answers stay.
    filters: of the last convolution; below 1,024 weights the converter leaves those of a layer in float.
    """
    from training.tensorflow_setup import load_keras

    keras = load_keras("testing")
    keras.utils.set_random_seed(1)
    layers = keras.layers
    picture = keras.Input(SPEC.shape, name="pixels")
    x = layers.Rescaling(1 / 127.5, offset=-1, name="rescale")(picture)
    x = layers.Conv2D(16, 3, padding="same", activation="relu", name="conv_1")(x)
    x = layers.MaxPooling2D(2, name="pool_1")(x)
    x = layers.DepthwiseConv2D(3, activation="relu", name="depthwise")(x)
    x = layers.Conv2D(filters, 1, activation="relu", name="conv_2")(x)
    x = layers.GlobalAveragePooling2D(name="features")(x)
    model = keras.Model(picture, layers.Dense(3, activation="softmax", name="scores")(x))
    inputs, truth = pictures(90, seed=1)
    features = keras.Model(picture, model.get_layer("features").output).predict(inputs.astype(np.float32), verbose=0)
    known = np.hstack([features, np.ones((len(features), 1))])
    wanted = 8.0 * np.eye(3)[truth]
    solved = np.linalg.lstsq(known.T @ known + 1e-4 * np.eye(filters + 1), known.T @ wanted, rcond=None)[0]
    model.get_layer("scores").set_weights([solved[:-1], solved[-1]])
    _spread(model, "conv_1", "depthwise", np.geomspace(1 / spread, spread, 16))
    _spread(model, "depthwise", "conv_2", np.geomspace(spread, 1 / spread, 16))
    return model


def _spread(model, first, second, scale):
    """Multiply the channels behind the first layer and divide them in the second."""
    kernel, bias = model.get_layer(first).get_weights()
    depthwise = first == "depthwise"
    model.get_layer(first).set_weights([kernel * (scale[:, None] if depthwise else scale), bias * scale])
    kernel, bias = model.get_layer(second).get_weights()
    model.get_layer(second).set_weights([kernel / scale[:, None], bias])


@pytest.fixture(scope="module")
def parts():
    """Pictures to calibrate with, a black and a white one first; none of those that are asked about."""
    inputs, _ = pictures(30, seed=2)
    return np.concatenate([np.zeros((1, *SPEC.shape), np.uint8), np.full((1, *SPEC.shape), 255, np.uint8), inputs])


@pytest.fixture(scope="module")
def even(parts):
    """The network as it was solved."""
    pytest.importorskip("tensorflow", reason="TensorFlow comes with the desktop install")
    return calibrate(network(), parts)


@pytest.fixture(scope="module")
def uneven(parts):
    """The same answers, but the channels a thousand times apart."""
    pytest.importorskip("tensorflow", reason="TensorFlow comes with the desktop install")
    return calibrate(network(spread=30.0), parts)


def right(data):
    """Count the right answers of an int8 model among 60."""
    classifier = load_integer_model(data, LABELS, SPEC).classifier
    inputs, truth = pictures(60, seed=3)
    scores = np.stack([classifier.scores_of_input(pixels) for pixels in inputs])
    return int((scores.argmax(axis=1) == truth).sum())


def test_equal_channels_need_no_scale():
    """Loudness and sensitivity that go together; a silent channel is left alone."""
    assert channel_scales(np.full(4, 3.0), np.full(4, 0.2)).tolist() == [1, 1, 1, 1]
    assert channel_scales(np.array([4.0, 1.0, 1.0, 0.0]), None).tolist() == [4, 1, 1, 1]
    assert channel_scales(np.array([16.0, 1.0, 1.0]), np.ones(3)).tolist() == [4, 1, 1]


PLAIN = Trial("plain int8", 15, 0.32, 0.21, 0.14, 1000, True, (), False)


@pytest.mark.parametrize(
    ("changes", "mended"),
    [
        ({}, True),
        ({"right": 17}, False),
        ({"agreement": 0.89}, False),
        ({"agreement": 0.30, "right": 20}, False),
        ({"score_error": 0.15}, False),
    ],
)
def test_a_remedy_must_be_right_as_often_with_the_same_answers_and_stray_no_farther(changes, mended):
    """Of 47 pictures a broken model answers as many right by chance: only agreement tells."""
    trial = replace(PLAIN, remedy="biases corrected", **{"right": 18, "agreement": 0.9, "score_error": 0.13, **changes})
    assert mends(trial, PLAIN, least_right=18) is mended


def test_a_remedy_for_what_is_right_as_often_already_must_stray_clearly_less():
    """Or the plain model would be as good as mended."""
    plain = replace(PLAIN, right=18)
    trial = replace(plain, remedy="biases corrected", agreement=0.95, score_error=0.13)
    assert not mends(trial, plain, least_right=18)
    assert mends(replace(trial, score_error=0.10), plain, least_right=18)
    assert not mends(plain, None, least_right=18)


class Patient:
    """Of three integer remedies: one that strays least has the biases of int8, the last is as good as the first."""

    def integer_remedies(self):
        """Yield them, the mildest first."""
        yield Remedy("first", None, ())
        yield Remedy("biased", None, (), int8_biases=True)
        yield Remedy("last", None, ())

    def float_remedies(self, best):
        """Yield one that tells what it is made of."""
        yield Remedy(f"{best.name}, partly in float", None, (), float_tensors=("pool",))

    def last_resort(self):
        """Return what stands for the weights alone."""
        return Remedy("weights alone", None, ())


def test_whole_numbers_are_given_up_last_and_float_begins_with_the_best_of_them():
    """Of two as good the one that does more; one whose biases make up for int8 would be wrong in a float layer."""
    every = ["first", "biased", "last", "last, partly in float", "weights alone"]

    assert all_tried(integer_only=False) == every
    assert all_tried(integer_only=True) == every[:3]


def all_tried(integer_only):
    """Name the remedies when none is good enough."""
    errors, tried = {"first": 0.1, "biased": 0.05, "last": 0.10001}, []
    for remedy in _remedies(Patient(), tried, integer_only):
        trial = replace(PLAIN, remedy=remedy.name, score_error=errors.get(remedy.name, 1.0))
        tried.append(_Tried(remedy, trial))
    return [one.trial.remedy for one in tried]


NEAR = replace(PLAIN, remedy="near", right=17, agreement=0.99, score_error=0.01)


@pytest.mark.parametrize(
    ("others", "taken"),
    [
        ([NEAR], "near"),
        ([replace(NEAR, score_error=0.8 * PLAIN.score_error)], "near"),
        ([replace(NEAR, agreement=0.89)], None),
        ([replace(NEAR, score_error=0.15)], None),
        ([replace(NEAR, remedy="nearer", agreement=0.89, score_error=0.009), NEAR], "near"),
        ([replace(NEAR, remedy="milder", score_error=0.01001), NEAR], "milder"),
        ([NEAR, replace(NEAR, remedy="good", right=18, score_error=0.02, good_enough=True)], "good"),
    ],
)
def test_where_none_is_good_enough_the_nearest_is_judged_if_right_answers_are_all_it_lacks(others, taken):
    """One close call must not leave the user with plain int8, which the judge has refused already."""
    found = _taken([_Tried(Remedy(trial.remedy, None, ()), trial) for trial in (PLAIN, *others)], least_right=18)

    assert (found and found.trial.remedy) == taken


@pytest.mark.slow
def test_what_is_looked_into_is_what_ships(even, parts):
    """The calibrated model, quantized, computes what `convert` makes, to the bit."""
    ours, shipped = (load_integer_model(data, LABELS, SPEC) for data in (even.quantized(), convert(network(), parts)))

    for pixels in pictures(20, seed=4)[0]:
        np.testing.assert_array_equal(
            ours.classifier.scores_of_input(pixels), shipped.classifier.scores_of_input(pixels)
        )


@pytest.mark.slow
def test_the_layers_name_what_is_wrong(even, uneven, parts):
    """Where channels are far apart, the middle one drowns in noise although the layer as a whole looks well."""
    well = {layer.layer: layer for layer in measure_layers(even, parts[2:], network())}
    ill = {layer.layer: layer for layer in measure_layers(uneven, parts[2:], network())}

    assert list(ill) == ["rescale", "conv_1", "depthwise", "conv_2", "features", "scores"]
    assert well["depthwise"].channel_db > 25
    assert ill["depthwise"].channel_db < well["depthwise"].channel_db - 10
    assert ill["depthwise"].own_db > 25
    assert (well["depthwise"].silenced, ill["depthwise"].silenced > 3) == (0, True)
    assert ill["conv_1"].channel_spread > 5 * well["conv_1"].channel_spread


@pytest.mark.slow
def test_equalised_channels_mend_what_int8_broke(uneven, parts):
    """The float answers stay to the digit, the integer ones come back, and every tensor is an integer."""
    equal = equalized(uneven, parts[2:])
    ranges = measured_ranges(equal, parts[2:])
    mended = equal.changed(lambda graph: graph.set_ranges(ranges)).quantized()
    before, after = TensorWatch(uneven.data), TensorWatch(equal.data)
    output = TfliteGraph(uneven.data).ends[1]

    for _ in zip(before.each(parts[2:]), after.each(parts[2:]), strict=True):
        np.testing.assert_allclose(before.values(output), after.values(output), atol=1e-4)
    assert len(layer_pairs(TfliteGraph(uneven.data))) == 3
    assert right(uneven.quantized()) < 50
    assert right(mended) >= 58
    check_integer(mended)
    model = load_integer_model(mended, LABELS, SPEC)
    assert (model.interpreter.input.scale, model.interpreter.input.zero_point) == (1.0, -128)


@pytest.mark.slow
def test_pixels_keep_their_range_whatever_is_cut(even, parts):
    """A belt brighter than every picture so far is not cut off: only inner tensors get another range."""
    graph = TfliteGraph(even.data)
    ranges = measured_ranges(even, parts[2:])
    cut = cut_ranges(even, parts[2:], ranges, 99.0)

    assert {name for name in graph.computed if "rescale" in name}
    assert not {name for name in inner_tensors(graph) if "rescale" in name}
    assert set(cut) == set(ranges) == set(inner_tensors(graph))
    assert all(ranges[name].low <= cut[name].low <= 0 <= cut[name].high <= ranges[name].high for name in cut)
    assert any(cut[name].high < 0.95 * ranges[name].high for name in cut)


@pytest.mark.slow
def test_float_is_allowed_by_name_only(even, parts):
    """A model with float inside passes for those layers, and for no other claim."""
    worst = worst_first(measure_layers(even, parts[2:], network()))[0].tensor
    mixed = even.quantized([worst])

    check_islands(mixed, [worst])
    check_islands(even.quantized(), [])
    with pytest.raises(ModelError, match="expected every tensor of the converted model to be integer"):
        check_islands(mixed, [])
    with pytest.raises(ModelError, match="found no such layer"):
        check_islands(mixed, ["another"])


@pytest.mark.slow
def test_what_is_left_in_float_is_read_in_float(even, parts):
    """A layer alone in float is rounded to int8 at its end: nothing is won. Those that read it must be float too."""
    (layer,) = [one.tensor for one in measure_layers(even, parts[2:], network()) if one.layer == "conv_1"]
    tensors = with_readers(TfliteGraph(even.data), [layer])

    def read_by(mixed):
        graph = TfliteGraph(mixed)
        (tensor,) = [graph.computed[name] for name in graph.computed if layer in (name, name[:-1])]
        return graph.type(tensor), [graph.kind(operator) for operator in graph.consumers(tensor)]

    mixed = even.quantized(tensors)
    check_islands(mixed, tensors)
    assert ["pool_1" in tensors[1], "depthwise" in tensors[2]] == [True, True]
    assert read_by(even.quantized([layer])) == ("FLOAT32", ["QUANTIZE"])
    assert read_by(mixed) == ("FLOAT32", ["MAX_POOL_2D"])


@pytest.mark.slow
def test_a_rescue_ends_in_a_bundle_that_tells_of_it(tmp_path):
    """Two classes a sixth of a grey level apart: only float holds their mean. Chosen without the test pictures."""
    pytest.importorskip("tensorflow", reason="TensorFlow comes with the desktop install")
    run = make_run(tmp_path, bright=127.45, dim=127.30)

    refused = quantize(run, "--out", tmp_path / "none")
    result = quantize(run, "--out", tmp_path / "bundle", "--rescue", "--json")

    assert refused.exit_code == 3
    assert "try --rescue" in refused.stderr
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["reason"].endswith("not full-integer: no Edge TPU, no microcontroller without floating point")
    assert found["rescue"]["trials"][0]["remedy"] == "plain int8"
    assert found["rescue"]["trials"][0]["right"] == 10
    taken = found["rescue"]["trials"][-1]
    assert (taken["right"], taken["full_integer"]) == (20, False)
    assert len(taken["float_layers"]) == 2
    assert taken["float_layers"][0].startswith("global_average_pooling2d")
    worst = next(layer for layer in found["layers"] if layer["rank"] == 1)
    assert (worst["operator"], worst["silenced"], worst["channels"]) == ("MEAN", 3, 3)
    bundle = open_bundle(tmp_path / "bundle")
    assert bundle.facts.provenance["rescue"]["taken"] == taken["remedy"]
    assert "This model is not full-integer" in (tmp_path / "bundle" / "report.html").read_text()
    assert bundle.classifier().labels == ("bright", "dim")


@pytest.mark.slow
def test_weights_alone_answer_as_float_does_where_int8_is_broken(uneven, parts):
    """Eight bits for the weights, float at both ends, and an operator version that tflite-runtime 2.14 knows."""
    model = network(spread=30.0, filters=512)
    data = convert_weights(model)
    graph = read_graph(data)
    conv, dense = [one for one in graph.operators if one.kind in ("CONV_2D", "FULLY_CONNECTED")][1:]

    assert data == convert_weights(model)
    assert right(uneven.quantized()) < 50
    assert right(data) >= 58
    assert [tensor.dtype for tensor in (*graph.inputs, *graph.outputs)] == ["FLOAT32", "FLOAT32"]
    assert [tensor.dtype for tensor in (conv.inputs[1], dense.inputs[1])] == ["INT8", "INT8"]
    assert (len(conv.inputs[1].scale), len(dense.inputs[1].scale), dense.version < 12) == (512, 1, True)
    assert not graph.full_integer
    with pytest.raises(ModelError, match="to be integer, found float32"):
        check_integer(data)


@pytest.mark.slow
def test_a_rescue_that_gives_up_whole_numbers_ends_in_a_bundle_too(tmp_path, monkeypatch):
    """Where no layer in float helps. It needs no calibration picture, and an Edge TPU takes it as little."""
    pytest.importorskip("tensorflow", reason="TensorFlow comes with the desktop install")
    monkeypatch.setattr("quantize.remedies.FLOAT_LAYERS", ())
    run = make_run(tmp_path, bright=127.45, dim=127.30)

    result = quantize(run, "--out", tmp_path / "bundle", "--rescue", "--variants", "--json")
    again = report(tmp_path / "bundle", "--run", run, "--out", tmp_path / "again")
    alone = report(tmp_path / "bundle", "--data", tmp_path / "data", "--out", tmp_path / "alone")

    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["rescue"]["taken"] == "8-bit weights alone (dynamic range)"
    assert found["accuracy_int8"] == 1.0
    assert found["full_integer"] is False
    assert found["variants"][-1]["name"] == "as rescued (float32 at both ends)"
    assert found["provenance"]["calibration_pictures"] == 0
    for said in (result.stdout, again.stdout, alone.stdout):
        assert "not full-integer: no Edge TPU, no microcontroller without floating point" in said
    for folder in ("bundle", "again", "alone"):
        assert "This model is not full-integer" in (tmp_path / folder / "report.html").read_text()
    assert "What passes between its layers is float" in (tmp_path / "bundle" / "report.html").read_text()
    assert check_bundle(tmp_path / "bundle").ok


@pytest.mark.slow
def test_a_rescue_for_an_edge_tpu_leaves_nothing_in_float(tmp_path):
    """What only float mends is refused for what it loses, not after all as no model for an Edge TPU."""
    pytest.importorskip("tensorflow", reason="TensorFlow comes with the desktop install")
    run = make_run(tmp_path, bright=127.45, dim=127.30)

    refused = quantize(run, "--out", tmp_path / "coral", "--rescue", "--edgetpu")

    assert refused.exit_code == 3
    assert "accuracy drops by 0.5" in refused.stderr
    assert "remedies was good enough" in refused.stderr
    assert "in float" not in refused.stderr
