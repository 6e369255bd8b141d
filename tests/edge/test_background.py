"""The comparison with the empty belt, against the plain one: every pixel looked at, one by one."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.background import LEARN_FRAMES, NEAR_CELLS, Background
from edge.blobs import BlobRules

CONTRAST = 30
HEIGHT, WIDTH = 48, 128  # so few cells that no faint noise can make a picture untrusted
LEVELS = st.sampled_from([0, 10, 20, 60, 128, 200, 240, 255])

spots = st.tuples(
    st.integers(0, HEIGHT - 2), st.integers(0, WIDTH - 2), st.integers(1, 12), st.integers(1, 60), st.integers(-90, 90)
)


def knowing(belt):
    """A background that has learned this picture of the belt."""
    background = Background(CONTRAST)
    for _ in range(LEARN_FRAMES):
        background.learn(belt)
    return background


def cells_beyond(shown, belt, contrast):
    """In which cells of 4x4 pixels any value of an even row is further from the belt's than the contrast."""
    apart = np.abs(shown[::2].astype(int) - belt[::2].astype(int)) > contrast
    return apart.reshape(HEIGHT // 4, 2, WIDTH // 4, 12).any(axis=(1, 3))


@settings(max_examples=40)
@given(LEVELS, st.lists(spots, max_size=6), st.integers(0, 9))
def test_the_same_parts_are_found_as_by_looking_everywhere(level, placed, seed):
    """What is faint is looked at only near what is sure; the parts are those of the whole faint mask."""
    grain = np.random.default_rng(seed).integers(0, 6, (HEIGHT, WIDTH, 3))
    belt = np.clip(level + grain, 0, 255).astype(np.uint8)
    shown = belt.astype(int)
    for top, left, high, wide, step in placed:
        shown[top : top + high, left : left + wide] += step
    shown = np.clip(shown, 0, 255).astype(np.uint8)

    seen = knowing(belt).differences(shown)

    assert np.array_equal(seen.sure, cells_beyond(shown, belt, CONTRAST))
    rules = BlobRules(join_cells=2, part_cells=3)
    everywhere = cells_beyond(shown, belt, CONTRAST // 2)
    rows = np.flatnonzero(seen.sure.any(axis=1))
    everywhere[: max(rows[0] - 1, 0) if len(rows) else None] = False
    everywhere[rows[-1] + 2 if len(rows) else 0 :] = False
    assert rules.find(seen.sure, seen.perhaps) == rules.find(seen.sure, everywhere)


def test_what_is_faint_and_hangs_together_is_followed_to_its_end():
    """A faint stretch that leaves the first window is seen whole."""
    belt = np.full((HEIGHT, WIDTH, 3), 100, dtype=np.uint8)
    shown = belt.copy()
    shown[16:32, 8:24] = 200
    shown[16:32, 24 : 24 + 4 * (NEAR_CELLS + 8)] = 120

    seen = knowing(belt).differences(shown)

    assert np.flatnonzero(seen.perhaps.any(axis=0)).tolist() == list(range(2, 6 + NEAR_CELLS + 8))
