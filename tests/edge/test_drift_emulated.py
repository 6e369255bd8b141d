"""On the emulated line real drift is found within the stated number of parts, and a steady line raises no alarm."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageFilter

from edge import driven_line
from edge.between import Between
from edge.bundle import open_bundle
from edge.drift_baseline import BaselineFile
from edge.drift_tables import DriftTable
from edge.emulate import emulate_line
from edge.emulated_world import EmulateOptions, default_machine, packaged_bundle
from edge.line import line_model
from edge.part_sources import RenderedParts

pytestmark = pytest.mark.slow
TABLE = DriftTable(learn_parts=120, window_parts=50, patch_px=(8, 8, 32, 32))
WITHIN = 115  # parts: two windows, and those that were not seen well


class Seen:
    """A camera that shows what another shows, altered, and a mark that is fixed beside the belt."""

    def __init__(self, camera, alter):
        self._camera, self._alter = camera, alter
        self._mark = (np.kron(np.random.default_rng(3).integers(0, 2, (4, 4)), np.ones((8, 8))) * 90 + 50)[..., None]

    def frames(self):
        for frame in self._camera.frames():
            image = frame.image.copy()
            image[8:40, 8:40] = self._mark
            yield replace(frame, image=self._alter(image))

    def close(self):
        self._camera.close()


class Unsure:
    """A scorer that is less sure than another, and answers the same."""

    def __init__(self, scorer):
        self._scorer = scorer

    def scores(self, image):
        scores = self._scorer.scores(image)
        return (0.9 * scores + 0.1 / len(scores)).astype(np.float32)


class OtherParts:
    """The renderer's parts, others than on the same belt before."""

    def __init__(self, labels, seed):
        self._parts, self._rng = RenderedParts(labels), np.random.default_rng(seed)
        self.labels = self._parts.labels

    def sprite(self, label, _rng, px_per_mm):
        return self._parts.sprite(label, self._rng, px_per_mm)


def run(count, seed, *, alter=lambda image: image, scorer=lambda scorer: scorer):
    """Run the line; return the incidents, and the first sentence."""
    bundle, told = open_bundle(packaged_bundle()), []
    options = EmulateOptions(fast=True, count=count, seed=1)  # always the same belt
    machine = default_machine(options, bundle.labels).model_copy(update={"drift": TABLE})
    between = Between(camera=lambda camera, _clock: Seen(camera, alter), scorer=lambda one, _clock: scorer(one))
    parts = OtherParts(bundle.labels, seed)
    ended = emulate_line(options, machine, line_model(bundle), parts, bundle.digest, None, told.append, between=between)
    return set(ended.summary.incidents), told


@pytest.fixture(scope="module")
def learnt(tmp_path_factory):
    """What the line learns in a first run."""
    file = BaselineFile(tmp_path_factory.mktemp("drift") / "baseline.json", "emulated")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(driven_line, "baseline_file", lambda *_: file)
        assert run(190, 1) == (set(), []), "learns, and then sees a window of the same"
    assert file.read().parts == 120
    return file.path.read_bytes()


@pytest.fixture
def later(learnt, tmp_path, monkeypatch):
    """Each test's line starts again with what was learnt."""
    path = tmp_path / "baseline.json"
    path.write_bytes(learnt)
    monkeypatch.setattr(driven_line, "baseline_file", lambda *_: BaselineFile(path, "emulated"))


@pytest.mark.usefixtures("later")
def test_a_line_that_is_as_ever_raises_no_alarm():
    """Started again, with other parts."""
    assert run(WITHIN, 2) == (set(), [])


@pytest.mark.usefixtures("later")
def test_light_that_has_lost_fifteen_percent_is_found():
    found, told = run(WITHIN, 3, alter=lambda image: (image * 0.85).astype(np.uint8))
    assert "brightness_drift" in found
    assert any("the belt is 1" in one and "the reference patch is 15% darker" in one for one in told), told


@pytest.mark.usefixtures("later")
def test_a_blurred_lens_is_found_by_the_parts_and_by_the_patch():
    def blur(image):
        return np.asarray(Image.fromarray(image).filter(ImageFilter.BoxBlur(2)))

    found, told = run(WITHIN, 4, alter=blur)
    assert {"sharpness_drift", "patch_drift"} <= found
    assert any("out of focus" in one for one in told), told


@pytest.mark.usefixtures("later")
def test_a_camera_that_moved_is_found():
    found, told = run(WITHIN, 5, alter=lambda image: np.roll(image, 3, axis=1))
    assert "patch_drift" in found
    assert any("it has moved by +3 pixels along the belt and +0 across" in one for one in told), told


class Vanishing:
    """Parts of which one class ends after so many."""

    def __init__(self, parts, after):
        self._parts, self._left = parts, after

    @property
    def labels(self):
        return self._parts.labels if self._left > 0 else self._parts.labels[:-1]

    def sprite(self, label, rng, px_per_mm):
        self._left -= 1
        return self._parts.sprite(label, rng, px_per_mm)


def test_a_class_that_vanishes_is_found(machine, colored_parts, color_model):
    """One of three, within two windows, in a line that runs on."""
    machine = machine.model_copy(update={"drift": TABLE.model_copy(update={"patch_px": None, "learn_parts": 100})})
    options = EmulateOptions(fast=True, count=120 + WITHIN, seed=8)
    run = emulate_line(options, machine, color_model, Vanishing(colored_parts, 120), "x")
    assert run.summary.incidents == {"mix_drift": 1}


@pytest.mark.usefixtures("later")
def test_confidence_that_fell_is_found():
    found, told = run(WITHIN, 7, scorer=Unsure)
    assert found == {"confidence_drift"}
    assert "the scores of the last 50 parts have fallen" in told[0]
