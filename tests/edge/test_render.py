"""What the renderer promises: parts of true size, the same from the same seed, not told apart by darkness."""

from __future__ import annotations

import math

import numpy as np
import pytest

from edge.render import PART_LABELS, Sprite, ground_texture, paste_sprite, render_picture, render_sprite
from edge.render_shapes import LONG_SIDE_MM

PX_PER_MM = 4.0


def sprite_of(label: str, seed: int = 0) -> Sprite:
    return render_sprite(label, np.random.default_rng([seed, PART_LABELS.index(label)]), PX_PER_MM)


def picture_of(label: str, seed: int, size_px: int = 96) -> np.ndarray:
    return render_picture(label, np.random.default_rng([seed, PART_LABELS.index(label)]), size_px)


def plain_sprite(width_px: int, height_px: int) -> Sprite:
    """A black opaque rectangle without shadow."""
    alpha = np.ones((height_px, width_px), dtype=np.float32)
    rgb = np.zeros((height_px, width_px, 3), dtype=np.uint8)
    return Sprite(rgb, alpha, np.zeros_like(alpha), width_px / PX_PER_MM, height_px / PX_PER_MM)


@pytest.fixture(scope="module")
def grey_by_label() -> dict[str, np.ndarray]:
    """Forty grey pictures of each class, (40, 64, 64)."""
    return {label: np.stack([picture_of(label, seed, 64).mean(axis=2) for seed in range(40)]) for label in PART_LABELS}


@pytest.mark.parametrize("label", PART_LABELS)
def test_same_seed_same_picture(label):
    """A seed names a picture; another seed gives another."""
    assert np.array_equal(picture_of(label, 3), picture_of(label, 3))
    assert not np.array_equal(picture_of(label, 3), picture_of(label, 4))


@pytest.mark.parametrize("label", PART_LABELS)
@pytest.mark.parametrize("size_px", [16, 96, 131])
def test_every_label_renders_at_every_size(label, size_px):
    """A picture is square, RGB, of the size asked for, and shows something."""
    picture = picture_of(label, 1, size_px)

    assert picture.shape == (size_px, size_px, 3)
    assert picture.dtype == np.uint8
    assert picture.std() > 5


@pytest.mark.parametrize("label", PART_LABELS)
def test_stated_size_is_that_of_the_body(label):
    """length_mm and width_mm are the box of alpha above one half, and the arrays are cropped to body and shadow."""
    for seed in range(5):
        sprite = sprite_of(label, seed)
        left, top, right, bottom = sprite.body_box_px
        seen = (sprite.alpha > 0) | (sprite.shadow > 0.01)

        assert sprite.length_mm == (right - left) / PX_PER_MM
        assert sprite.width_mm == (bottom - top) / PX_PER_MM
        assert sprite.rgb.shape == (*sprite.alpha.shape, 3)
        assert sprite.alpha.shape == sprite.shadow.shape
        assert all(edge.any() for edge in (seen[0], seen[-1], seen[:, 0], seen[:, -1]))
        assert 0 <= sprite.alpha.min() <= sprite.alpha.max() == 1
        assert 0 <= sprite.shadow.min() < sprite.shadow.max() < 1


@pytest.mark.parametrize("label", PART_LABELS)
def test_sizes_stay_within_tolerance(label):
    """Whatever the angle, a part is neither longer nor shorter than its class is made."""
    shortest, longest = LONG_SIDE_MM[label]
    pixel_mm = 1 / PX_PER_MM
    for seed in range(20):
        sprite = sprite_of(label, seed)
        # The diagonal of a turned part's box is never shorter than the part, no side longer than its diagonal.
        assert math.hypot(sprite.length_mm, sprite.width_mm) >= shortest - 2 * pixel_mm
        assert max(sprite.length_mm, sprite.width_mm) <= longest * 1.16 + 2 * pixel_mm


def test_body_does_not_depend_on_scale():
    """The same draw at twice the scale is the same part in millimetres."""
    small, large = (render_sprite("key", np.random.default_rng(2), scale) for scale in (3.0, 6.0))

    assert small.length_mm == pytest.approx(large.length_mm, abs=0.5)
    assert small.width_mm == pytest.approx(large.width_mm, abs=0.5)


def test_a_part_is_pasted_with_its_body_in_the_middle():
    """The point given is where the middle of the body comes to lie, whatever way the shadow falls."""
    sprite = sprite_of("nut")
    ground = np.full((200, 240, 3), 255, dtype=np.uint8)
    black = Sprite(np.zeros_like(sprite.rgb), sprite.alpha, np.zeros_like(sprite.shadow), 0, 0)

    paste_sprite(ground, black, 120, 90)

    rows, columns = np.nonzero(ground[..., 0] < 127)
    assert (columns.min() + columns.max() + 1) / 2 == pytest.approx(120, abs=0.5)
    assert (rows.min() + rows.max() + 1) / 2 == pytest.approx(90, abs=0.5)


def test_pasting_mixes_by_alpha_and_darkens_by_shadow():
    """What is pasted is rgb times alpha plus the shaded ground, to one level, alike on bytes and floats."""
    sprite = sprite_of("screw")
    ground = ground_texture(np.random.default_rng(0), 300, 300)
    floats = ground.astype(np.float64)
    left, top, right, bottom = sprite.body_box_px
    height, width = sprite.alpha.shape
    alpha, shadow = sprite.alpha[..., None], sprite.shadow[..., None]
    expected = ground.astype(np.float64)
    window = expected[100 : 100 + height, 80 : 80 + width]
    window[...] = window * (1 - alpha) * (1 - shadow) + sprite.rgb * alpha

    for target in (ground, floats):
        paste_sprite(target, sprite, 80 + (left + right) / 2, 100 + (top + bottom) / 2)

    assert np.abs(floats - expected).max() < 1
    assert np.abs(ground - expected).max() <= 1.5


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize(
    ("x_px", "y_px", "changed"),
    [
        (10, 10, np.s_[7:13, 6:14]),
        (0, 0, np.s_[0:3, 0:4]),
        (39, 29, np.s_[26:30, 35:40]),
        (20, 200, np.s_[0:0, 0:0]),
        (-50, 10, np.s_[0:0, 0:0]),
    ],
)
def test_pasting_clips_at_the_borders(dtype, x_px, y_px, changed):
    """Only the part of a sprite that lies on the ground is drawn; no other pixel changes."""
    ground = np.full((30, 40, 3), 200, dtype=dtype)
    untouched = np.full((30, 40), True)
    untouched[changed] = False

    paste_sprite(ground, plain_sprite(8, 6), x_px, y_px)

    assert (ground[untouched] == 200).all()
    assert (ground[~untouched] <= 1).all()


def test_a_and_b_differ_in_one_place_only():
    """Drawn from the same seed, A and B share outline, size and shadow, and differ in a small patch inside."""
    a, b = (render_sprite(label, np.random.default_rng(8), PX_PER_MM) for label in ("part_a", "part_b"))

    assert np.array_equal(a.alpha, b.alpha)
    apart = np.abs(a.rgb.astype(int) - b.rgb).max(axis=2) > 24
    rows, columns = np.nonzero(apart)
    spread_mm = max(np.ptp(np.percentile(rows, (2, 98))), np.ptp(np.percentile(columns, (2, 98)))) / PX_PER_MM
    assert 0.01 < apart.sum() / (a.alpha > 0.5).sum() < 0.12
    assert spread_mm < 10


@pytest.mark.parametrize("statistic", ["mean", "dark pixels", "spread"])
def test_brightness_does_not_tell_a_from_b(grey_by_label, statistic):
    """The best threshold on one brightness statistic is right for less than 70 % of A and B."""
    measure = {
        "mean": lambda grey: grey.mean(axis=(1, 2)),
        "dark pixels": lambda grey: (grey < 110).sum(axis=(1, 2)),
        "spread": lambda grey: grey.std(axis=(1, 2)),
    }[statistic]
    a, b = measure(grey_by_label["part_a"]), measure(grey_by_label["part_b"])

    hits = [max(np.mean(a < t) + np.mean(b >= t), np.mean(a >= t) + np.mean(b < t)) / 2 for t in (*a, *b)]

    assert max(hits) < 0.70


def test_counting_dark_pixels_does_not_name_a_part(grey_by_label):
    """The class whose usual number of dark pixels is nearest is wrong for more than half the pictures."""
    dark = {label: (grey < 110).mean(axis=(1, 2)) for label, grey in grey_by_label.items()}
    usual = np.array([np.median(dark[label]) for label in PART_LABELS])

    right = [
        np.mean(np.abs(dark[label][:, None] - usual).argmin(axis=1) == index) for index, label in enumerate(PART_LABELS)
    ]

    assert np.mean(right) < 0.5


def test_ground_is_light_and_of_the_size_asked_for():
    """The ground is a light belt, with some texture, wider than high when asked so."""
    ground = ground_texture(np.random.default_rng(1), 64, 48)

    assert ground.shape == (48, 64, 3)
    assert ground.dtype == np.uint8
    assert ground.mean() > 170
    assert 0 < ground.std() < 20


def test_wrong_arguments_are_named():
    """An unknown label, a scale of zero and a picture too small to see are programming mistakes."""
    rng = np.random.default_rng(0)

    with pytest.raises(ValueError, match="got 'bolt'"):
        render_sprite("bolt", rng, 3.0)
    with pytest.raises(ValueError, match="px_per_mm"):
        render_sprite("nut", rng, 0.0)
    with pytest.raises(ValueError, match="size_px"):
        render_picture("nut", rng, 8)
