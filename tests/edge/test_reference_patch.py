"""What has happened to a place that should always look the same."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageFilter

from edge.reference_patch import change, is_plain

MOST = 0.1


def marks(seed=0, size=(40, 48)):
    """A printed mark: dark and light fields, a little uneven."""
    rng = np.random.default_rng(seed)
    fields = np.kron(rng.integers(0, 2, (size[0] // 8, size[1] // 8)), np.ones((8, 8))) * 120 + 60
    return np.repeat(fields[:, :, None], 3, axis=2).astype(np.float32)


def noisy(patch, seed=1, frames=50):
    """As the mean of so many noisy frames."""
    rng = np.random.default_rng(seed)
    return (patch + rng.normal(0, 3 / frames**0.5, patch.shape)).astype(np.float32)


def shifted(patch, right, down):
    return np.roll(patch, (down, right), axis=(0, 1))


def blurred(patch, radius):
    picture = Image.fromarray(patch.astype(np.uint8)).filter(ImageFilter.GaussianBlur(radius))
    return np.asarray(picture, dtype=np.float32)


@pytest.mark.parametrize("factor", [1.0, 0.8, 1.15])
def test_noise_and_brightness_alone_are_no_change(factor):
    for seed in range(20):
        assert change(noisy(marks(seed)), noisy(marks(seed) * factor, seed + 50), MOST) is None


@pytest.mark.parametrize(("right", "down"), [(2, 0), (-3, 1), (0, 5)])
def test_a_camera_that_moved_is_told_with_how_far(right, down):
    told = change(marks(), noisy(shifted(marks(), right, down)), MOST)
    assert told == f"it has moved by {right:+d} pixels along the belt and {down:+d} across: the camera has"


def test_a_blurred_lens_is_told():
    told = change(marks(), noisy(blurred(marks(), 3)), MOST)
    assert "of its fine detail: the lens is dirty or out of focus" in told


def test_a_covered_patch_is_told():
    assert "something lies on it" in change(marks(0), noisy(marks(5)), MOST)


def test_another_colour_is_told():
    reddish = marks() * np.array([1.3, 1.0, 0.9], dtype=np.float32)
    assert change(marks(), noisy(reddish), MOST).startswith("its colour has changed by 2")


def test_a_plain_patch_is_known_as_one():
    """Nothing can be seen to move there, and nothing is claimed."""
    plain = np.full((32, 32, 3), 120, dtype=np.float32)
    assert is_plain(plain)
    assert not is_plain(marks())
    assert change(plain, noisy(plain), MOST) is None
