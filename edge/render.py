"""Pictures of small parts, made instead of photographed: the part, the ground it lies on, the camera.

Everything is drawn from the generator passed in, so a seed names a picture. The geometry is in
render_shapes, the light in render_light.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from edge.render_geometry import Array, Shape
from edge.render_light import Light, cast_shadow, colour, draw_light, draw_material, shade
from edge.render_shapes import draw_shape

Picture = npt.NDArray[np.uint8]

PART_LABELS: tuple[str, ...] = ("coin", "key", "nut", "paper_clip", "part_a", "part_b", "screw")

# Samples per pixel and axis: two make edges and thread clean; three cost twice as much and show no more.
_FINE = 2


@dataclass(frozen=True, eq=False)
class Sprite:
    """One part cut out with its shadow, ready to be laid on a ground.

    rgb is (H, W, 3) uint8; alpha (H, W) float32 from 0 to 1 is the body; shadow (H, W) float32
    from 0 to 1 is how much the ground is darkened. The array is cropped to body plus shadow.
    length_mm and width_mm are the body's size along the picture's x and y, where alpha > 0.5.
    """

    rgb: Picture
    alpha: Array
    shadow: Array
    length_mm: float
    width_mm: float

    @cached_property
    def body_box_px(self) -> tuple[int, int, int, int]:
        """Where the body (alpha > 0.5) lies in the sprite: left, top, right, bottom; the last two exclusive."""
        return _box(self.alpha > 0.5)

    @cached_property
    def _layers(self) -> tuple[npt.NDArray[np.uint16], npt.NDArray[np.uint16]]:
        """What pasting needs: how much ground remains, and what is added, both (H, W, 3) in 1/256."""
        kept = np.rint((1 - self.alpha) * (1 - self.shadow) * 256)
        # Half a level is added here once, so that the shift in paste_sprite rounds and does not cut off.
        added = np.rint(self.rgb * (self.alpha[..., None] * 256)) + 128
        room = 65535 - 255 * kept[..., None]
        return np.repeat(kept[..., None], 3, axis=2).astype(np.uint16), np.minimum(added, room).astype(np.uint16)


def render_sprite(label: str, rng: np.random.Generator, px_per_mm: float) -> Sprite:
    """Render one part of a class of PART_LABELS at px_per_mm, lying at any angle.

    Size within tolerance, pose, material and light come from rng. Raises ValueError for a label
    not in PART_LABELS or a scale not above zero.
    """
    _check_label(label)
    if not px_per_mm > 0:
        raise ValueError(f"px_per_mm must be above zero, got {px_per_mm}")
    return _sprite(draw_shape(label, rng), rng.uniform(0, 2 * math.pi), draw_light(rng), px_per_mm, rng)


def paste_sprite(ground: npt.NDArray[Any], sprite: Sprite, center_x_px: float, center_y_px: float) -> None:
    """Lay a sprite on a ground, in place, the middle of its body at the given point.

    ground is (H, W, 3), uint8 or float, 0..255. The sprite lands on whole pixels: its left and top
    edge are rounded to the nearest (ties to even). What lies outside the ground is clipped away.
    """
    left, top, right, bottom = sprite.body_box_px
    x, y = round(center_x_px - (left + right) / 2), round(center_y_px - (top + bottom) / 2)
    height, width = sprite.alpha.shape
    x0, y0, x1, y1 = max(x, 0), max(y, 0), min(x + width, ground.shape[1]), min(y + height, ground.shape[0])
    if x0 >= x1 or y0 >= y1:
        return
    kept, added = (layer[y0 - y : y1 - y, x0 - x : x1 - x] for layer in sprite._layers)
    window = ground[y0:y1, x0:x1]
    if ground.dtype == np.uint8:
        mixed = np.multiply(window, kept, dtype=np.uint16)
        mixed += added
        mixed >>= 8
        window[...] = mixed
    else:
        window *= kept / 256
        window += (added - 128.0) / 256


def ground_texture(rng: np.random.Generator, width_px: int, height_px: int) -> Picture:
    """A light belt or sheet of paper, (height_px, width_px, 3) uint8: grain, weave, stains, darker corners."""
    grain = rng.normal(0, rng.uniform(1.0, 2.6), (height_px, width_px)).astype(np.float32)
    weave = _weave(rng, width_px, height_px) * rng.uniform(0.0, 2.2)
    stains = Image.fromarray(rng.normal(0, 2.6, (6, 8)).astype(np.float32))
    light = grain + weave + np.asarray(stains.resize((width_px, height_px), Image.Resampling.BICUBIC))
    x, y = (np.linspace(-1, 1, n, dtype=np.float32) for n in (width_px, height_px))
    corners = 1 - rng.uniform(0.03, 0.12) * 0.5 * (x[None, :] ** 2 + y[:, None] ** 2)
    slope = 1 + rng.uniform(-0.05, 0.05) * x[None, :] + rng.uniform(-0.05, 0.05) * y[:, None]
    base, warm = rng.uniform(196, 238), rng.uniform(-3, 5)
    light = (light + base) * corners * slope
    rgb = np.empty((height_px, width_px, 3), dtype=np.uint8)
    for channel, shift in enumerate((warm, 0.3 * warm, -warm)):
        rgb[..., channel] = np.clip(light + shift, 0, 255)
    return rgb


def render_picture(label: str, rng: np.random.Generator, size_px: int = 128) -> Picture:
    """A photograph of one part of a class of PART_LABELS on a light ground, (size_px, size_px, 3) uint8.

    The part's long side fills 0.6 to 0.92 of the frame, a little off its middle. The camera adds
    defocus, motion, noise, exposure and white balance. Raises ValueError for a label not in
    PART_LABELS or a size below 16.
    """
    _check_label(label)
    if size_px < 16:
        raise ValueError(f"size_px must be at least 16, got {size_px}")
    shape, turn, light = draw_shape(label, rng), rng.uniform(0, 2 * math.pi), draw_light(rng)
    fill = rng.uniform(0.6, 0.92)
    sprite = _sprite(shape, turn, light, fill * size_px / _long_side_mm(shape, turn), rng)
    picture = ground_texture(rng, size_px, size_px)
    spare_px = 0.5 * (1 - fill) * size_px * 0.7
    x, y = size_px / 2 + rng.uniform(-spare_px, spare_px, 2)
    paste_sprite(picture, sprite, float(x), float(y))
    return _photographed(picture, rng)


def _check_label(label: str) -> None:
    if label not in PART_LABELS:
        raise ValueError(f"expected a label out of {', '.join(PART_LABELS)}, got {label!r}")


def _sprite(shape: Shape, turn: float, light: Light, px_per_mm: float, rng: np.random.Generator) -> Sprite:
    """Render a shape turned by `turn` radians; light and camera are the picture's, not the part's."""
    material = draw_material(shape.materials, rng)
    x, y = _grid(shape, turn, px_per_mm)
    u, v = x * math.cos(turn) + y * math.sin(turn), y * math.cos(turn) - x * math.sin(turn)
    surface = shape.surface(u, v)
    step_mm = 1 / (px_per_mm * _FINE)
    fine_alpha = np.clip(0.5 - surface.distance_mm / step_mm, 0, 1).astype(np.float32)
    slopes = _slopes(surface.height_mm, step_mm)
    coloured, white = shade(shape, surface, u, v, slopes, material, light, step_mm, rng)
    alpha = _pooled(fine_alpha)
    inside = 1 / np.maximum(alpha, 1e-3)
    coloured, white, accent = (_pooled(a * fine_alpha) * inside for a in (coloured, white, surface.accent))
    rgb = colour(coloured, white, accent, material)
    shadow, pad = cast_shadow(alpha, _pooled(surface.height_mm), light, px_per_mm)
    return _cropped(np.pad(rgb, ((pad, pad), (pad, pad), (0, 0))), np.pad(alpha, pad), shadow, px_per_mm)


def _cropped(rgb: Picture, alpha: Array, shadow: Array, px_per_mm: float) -> Sprite:
    """Cut away what is neither body nor visible shadow, and measure the body."""
    left, top, right, bottom = _box((alpha > 0) | (shadow > 0.01))
    body = alpha[top:bottom, left:right].astype(np.float32)
    x0, y0, x1, y1 = _box(body > 0.5)
    seen = (slice(top, bottom), slice(left, right))
    return Sprite(rgb[seen], body, shadow[seen], (x1 - x0) / px_per_mm, (y1 - y0) / px_per_mm)


def _turned_box_mm(shape: Shape, turn: float) -> tuple[float, float, float, float]:
    """The box round a turned part: left, top, right, bottom."""
    u, v = shape.outline_mm[:, 0], shape.outline_mm[:, 1]
    x, y = u * math.cos(turn) - v * math.sin(turn), u * math.sin(turn) + v * math.cos(turn)
    return float(x.min()), float(y.min()), float(x.max()), float(y.max())


def _long_side_mm(shape: Shape, turn: float) -> float:
    left, top, right, bottom = _turned_box_mm(shape, turn)
    return max(right - left, bottom - top)


def _grid(shape: Shape, turn: float, px_per_mm: float) -> tuple[Array, Array]:
    """Sample points in millimetres over the box of a turned part, a pixel to spare on each side."""
    left, top, right, bottom = _turned_box_mm(shape, turn)
    x, y = (_samples(low, high, px_per_mm) for low, high in ((left, right), (top, bottom)))
    x_grid, y_grid = np.meshgrid(x, y)
    return x_grid, y_grid


def _samples(low_mm: float, high_mm: float, px_per_mm: float) -> Array:
    first_px, last_px = math.floor(low_mm * px_per_mm) - 1, math.ceil(high_mm * px_per_mm) + 1
    count = (last_px - first_px) * _FINE
    return ((first_px + (np.arange(count) + 0.5) / _FINE) / px_per_mm).astype(np.float32)


def _slopes(height_mm: Array, step_mm: float) -> tuple[Array, Array]:
    """Rise of the height along x and y; steep walls are tamed, as a lens would smear them."""
    slope_x, slope_y = np.zeros_like(height_mm), np.zeros_like(height_mm)
    slope_x[:, 1:-1] = (height_mm[:, 2:] - height_mm[:, :-2]) * (0.5 / step_mm)
    slope_y[1:-1] = (height_mm[2:] - height_mm[:-2]) * (0.5 / step_mm)
    return np.clip(slope_x, -2.5, 2.5), np.clip(slope_y, -2.5, 2.5)


def _pooled(fine: Array) -> Array:
    """Average the fine samples of each pixel."""
    mean: Array = 0.25 * (fine[::2, ::2] + fine[1::2, ::2] + fine[::2, 1::2] + fine[1::2, 1::2])
    return mean


def _box(mask: npt.NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """The box round the true pixels: left, top, right, bottom; the last two exclusive."""
    columns, rows = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _weave(rng: np.random.Generator, width_px: int, height_px: int) -> Array:
    """The faint cross-hatch of a belt, -1..1, its threads 2.5 to 5 pixels apart."""
    turns = 2 * math.pi / rng.uniform(2.5, 5)
    across = np.sin(turns * np.arange(width_px, dtype=np.float32) + rng.uniform(0, 6))
    down = np.sin(turns * np.arange(height_px, dtype=np.float32) + rng.uniform(0, 6))
    weave: Array = across[None, :] * down[:, None]
    return weave


def _photographed(picture: Picture, rng: np.random.Generator) -> Picture:
    """Send a clean picture through a camera: blur, exposure, white balance, sensor noise."""
    size_px = picture.shape[0]
    image = Image.fromarray(picture).filter(ImageFilter.GaussianBlur(rng.uniform(0.2, 1.0) * size_px / 128))
    moved = _smeared(np.asarray(image), rng.uniform(0, 2.4) * size_px / 128)
    exposure = rng.uniform(0.8, 1.12) * (1 + rng.normal(0, 0.012, 3)).astype(np.float32)
    light = moved * exposure
    shot, read = rng.uniform(0.03, 0.2), rng.uniform(0.6, 2.2)
    noise = rng.standard_normal(picture.shape, dtype=np.float32)
    return np.clip(light + noise * np.sqrt(read * read + shot * light), 0, 255).astype(np.uint8)


def _smeared(picture: Picture, travel_px: float) -> Array:
    """Motion along x, the belt's direction, by less than three pixels while the shutter is open."""
    steps = math.ceil(travel_px)
    total = picture.astype(np.float32)
    for step in range(1, steps + 1):
        share = min(1.0, travel_px - step + 1)
        total[:, step:] += share * picture[:, :-step]
        total[:, :step] += share * picture[:, :1]
    return total / (1 + travel_px)
