"""What several tests of the device runtime need: a small machine, coloured parts, a classifier of mean colour."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from edge.line import LineModel
from edge.machine import Machine
from edge.render import Sprite

COLORS = {"red": (200, 40, 40), "green": (30, 170, 40), "blue": (40, 40, 210)}


class ColoredParts:
    """Rectangles of random size, one colour per class."""

    labels = tuple(COLORS)

    def sprite(self, label, rng, px_per_mm):
        width_px, height_px = (int(rng.uniform(10, 35) * px_per_mm) for _ in range(2))
        alpha = np.ones((height_px, width_px), dtype=np.float32)
        rgb = np.empty((height_px, width_px, 3), dtype=np.uint8)
        rgb[:] = COLORS[label]
        return Sprite(rgb, alpha, np.zeros_like(alpha), width_px / px_per_mm, height_px / px_per_mm)


class ColorScorer:
    """Answers by the mean of the coloured pixels, of one in nine; the belt is grey."""

    def scores(self, image):
        image = image[::3, ::3]
        red, green, blue = (image[:, :, channel] for channel in range(3))
        most, least = np.maximum(np.maximum(red, green), blue), np.minimum(np.minimum(red, green), blue)
        colored = image[most - least > 80].astype(int)
        distances = [np.abs(colored.mean(axis=0) - np.array(color)).sum() for color in COLORS.values()]
        scores = np.full(len(COLORS), 0.01, dtype=np.float32)
        scores[int(np.argmin(distances))] = 0.98
        return scores


def machine_table() -> dict:
    """A machine file as `tomllib` would give it, with three gates."""
    gates = [
        {
            "name": label,
            "pin": pin,
            "bin": label,
            "labels": [label],
            "travel_mm": 200.0 + 70 * index,
            "lag_ms": 20.0,
            "dwell_ms": 370.0,
        }
        for index, (label, pin) in enumerate(zip(COLORS, (17, 27, 22), strict=True))
    ]
    return {
        "belt": {"speed_mm_s": 150.0},
        "camera": {"kind": "emulated", "width_px": 480, "height_px": 320, "mm_per_px": 0.33, "frame_rate_hz": 10.0},
        "gpio": {"pin_factory": "mock"},
        "gates": gates,
    }


@pytest.fixture
def table():
    return machine_table()


@pytest.fixture
def machine():
    return Machine.model_validate(machine_table())


@pytest.fixture
def colored_parts():
    return ColoredParts()


@pytest.fixture
def color_model():
    return LineModel(tuple(COLORS), dict.fromkeys(COLORS, 0.5), ColorScorer())


@pytest.fixture(scope="session")
def delegate_library(tmp_path_factory):
    """The delegate of stand_in_delegate.c; the variable STAND_IN tells it how to behave."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler")
    built = tmp_path_factory.mktemp("delegate") / "libstandin.so"
    source = Path(__file__).with_name("stand_in_delegate.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-Wall", "-Werror", "-o", built, source], check=True)
    return str(built)
