"""Light on the rendered parts: what metal reflects, what hollows hide, what shadow falls on the ground.

The camera looks straight down. Metal shows the room above it: a ceiling, one lamp, darker walls
and, on its flanks, the light ground. That is what makes a chamfer flash and a flat face glow.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

from edge.render_geometry import Array, Shape, Surface

Tint = tuple[float, float, float]


@dataclass(frozen=True)
class Material:
    """How a surface answers light: its tint, how blurred its reflections, how strong its tool marks.

    roughness 0..1 widens the lamp's reflection; painted materials have a body colour under a clear coat.
    """

    tint: Tint
    accent_tint: Tint
    roughness: float
    brushed: float
    painted: bool


@dataclass(frozen=True)
class Light:
    """One lamp and its room. toward_lamp is a unit vector (x right, y down, z up)."""

    toward_lamp: tuple[float, float, float]
    lamp: float
    ceiling: float
    walls: float
    room: tuple[float, float, float]


_TINTS: dict[str, Tint] = {
    "steel": (0.66, 0.67, 0.69),
    "zinc": (0.78, 0.80, 0.83),
    "aluminium": (0.84, 0.84, 0.84),
    "nickel": (0.76, 0.73, 0.68),
    "brass": (0.84, 0.64, 0.30),
    "yellow_zinc": (0.86, 0.74, 0.46),
    "bronze": (0.74, 0.52, 0.30),
    "copper": (0.78, 0.42, 0.27),
    "gold": (0.88, 0.68, 0.32),
    "silver": (0.78, 0.78, 0.77),
    "black": (0.10, 0.10, 0.11),
    "red": (0.62, 0.05, 0.06),
    "blue": (0.05, 0.16, 0.52),
    "green": (0.04, 0.36, 0.14),
}
_PAINTED = ("red", "blue", "green", "black")


def draw_light(rng: np.random.Generator) -> Light:
    """Draw a lamp somewhere from the left to behind the camera, 35 to 65 degrees high, and its room."""
    around, high = math.radians(rng.uniform(-170, -70)), math.radians(rng.uniform(35, 65))
    toward = (math.cos(around) * math.cos(high), math.sin(around) * math.cos(high), math.sin(high))
    room = (rng.uniform(-0.4, 0.4), rng.uniform(-0.4, 0.4), rng.uniform(0.15, 0.4))
    return Light(toward, rng.uniform(1.2, 2.2), rng.uniform(0.42, 0.72), rng.uniform(0.06, 0.22), room)


def draw_material(names: tuple[str, ...], rng: np.random.Generator) -> Material:
    """Draw one of the materials a part may have, with its variation from batch to batch."""
    first, _, second = str(rng.choice(names)).partition("+")
    worn, warm = rng.uniform(0.82, 1.04), rng.normal(0, 0.015)
    return Material(
        tint=_varied(_TINTS[first], worn, warm),
        accent_tint=_varied(_TINTS[second or first], worn, warm),
        roughness=rng.uniform(0.25, 0.8),
        brushed=rng.uniform(0.006, 0.028),
        painted=first in _PAINTED,
    )


def shade(
    shape: Shape, surface: Surface, u: Array, v: Array, slopes: tuple[Array, Array], material: Material,
    light: Light, step_mm: float, rng: np.random.Generator,
) -> tuple[Array, Array]:  # fmt: skip
    """Light a surface sampled every step_mm.

    u and v are the part's own coordinates of each sample, slopes the rise of its height along
    the picture's x and y. Returns two (H, W) float arrays, linear light: what the tint colours,
    and what stays white.
    """
    marks = _tool_marks(shape.finish, u, v, rng) * material.brushed
    slope_x, slope_y = slopes[0] + marks, slopes[1] + marks
    up = 1 / np.sqrt(1 + slope_x * slope_x + slope_y * slope_y)
    normal_x, normal_y = -slope_x * up, -slope_y * up
    hidden = np.clip(_hollows(surface.height_mm, shape.thickness_mm, step_mm) + surface.cavity, 0, 0.92)
    grime = 1 + 0.16 * _clouds(u.shape, rng) - 0.5 * _scratches(u.shape, rng) * (0.5 - light.ceiling)
    seen = _room(normal_x, normal_y, up, light, material.roughness) * grime * (1 - hidden)
    lamp_x, lamp_y, lamp_z = light.toward_lamp
    facing = np.clip(normal_x * lamp_x + normal_y * lamp_y + up * lamp_z, 0, 1)
    if shape.finish == "struck":
        seen = seen * (1 + _lustre(u.shape, light))
    if material.painted:
        return (0.35 + 0.75 * facing) * (1 - hidden) * grime, 0.12 * seen**2
    glint = np.maximum(seen - 0.95, 0)
    return 0.82 * seen + 0.22 * facing * (1 - hidden), 0.5 * glint


def colour(coloured: Array, white: Array, accent: Array, material: Material) -> npt.NDArray[np.uint8]:
    """Turn linear light (H, W) into display colour (H, W, 3) uint8."""
    rgb = np.empty((*coloured.shape, 3), dtype=np.uint8)
    for channel in range(3):
        tint = material.tint[channel] + (material.accent_tint[channel] - material.tint[channel]) * accent
        linear = coloured * tint + white
        # Highlights roll off instead of clipping flat, as a camera's tone curve does.
        rgb[..., channel] = 255 * np.sqrt(np.clip(linear / (1 + 0.18 * linear * linear), 0, 1))
    return rgb


def cast_shadow(alpha: Array, height_mm: Array, light: Light, px_per_mm: float) -> tuple[Array, int]:
    """Darkness on the ground around a body, for a lamp of some width.

    alpha and height_mm are (H, W). Returns (H + 2 pad, W + 2 pad) float32, 0..1, and pad in pixels.
    """
    per_mm_x, per_mm_y = (-c / light.toward_lamp[2] * px_per_mm for c in light.toward_lamp[:2])
    top_mm = float((height_mm * (alpha > 0.5)).max())
    reach_px = top_mm * math.hypot(per_mm_x, per_mm_y)
    contact_px, penumbra_px = 0.9 * px_per_mm, 0.25 * reach_px + 0.3
    pad = math.ceil(reach_px + 2 * max(contact_px, penumbra_px)) + 1
    levels = max(2, min(8, round(reach_px / 1.5)))
    cast, touch = (np.zeros((alpha.shape[0] + 2 * pad, alpha.shape[1] + 2 * pad), dtype=np.uint8) for _ in range(2))
    touch[pad:-pad, pad:-pad] = 255 * alpha
    for level in range(levels):
        z_mm = top_mm * (level + 0.5) / levels
        x, y = pad + round(per_mm_x * z_mm), pad + round(per_mm_y * z_mm)
        window = cast[y : y + alpha.shape[0], x : x + alpha.shape[1]]
        np.maximum(window, (alpha * 255 * (height_mm > z_mm)).astype(np.uint8), out=window)
    strength = 0.28 + 0.16 * min(light.lamp, 2.2) / 2.2
    dark = strength * _softened(cast, penumbra_px) + 0.34 * _softened(touch, contact_px)
    return np.clip(dark, 0, 0.8).astype(np.float32), pad


def _room(normal_x: Array, normal_y: Array, up: Array, light: Light, roughness: float) -> Array:
    """Radiance a mirror of this normal shows a camera straight above."""
    ray_x, ray_y, ray_z = 2 * up * normal_x, 2 * up * normal_y, 2 * up * up - 1
    x, y, z = light.toward_lamp
    # A perspective camera sees a flat face under slowly changing angles: a gentle ramp across it.
    across = np.linspace(-1, 1, up.shape[1], dtype=np.float32)[None, :] * light.room[0]
    down = np.linspace(-1, 1, up.shape[0], dtype=np.float32)[:, None] * light.room[1]
    ceiling = light.walls + (light.ceiling - light.walls) * np.clip(1.25 * ray_z + 0.05, 0, 1)
    ground = 0.5 * np.clip(-1.2 * ray_z, 0, 1)
    windows = light.room[2] * (ray_x * ray_x - ray_y * ray_y)
    sharp = 3.5 / (0.12 + roughness)
    lamp = light.lamp * np.exp(sharp * (ray_x * x + ray_y * y + ray_z * z - 1))
    return np.maximum((ceiling + ground) * (1 + across + down) + windows + lamp, 0.02)


def _lustre(shape: tuple[int, ...], light: Light) -> Array:
    """The two bright wings a struck coin shows along the lamp's direction, -0.2..0.4."""
    x = np.linspace(-1, 1, shape[1], dtype=np.float32)[None, :]
    y = np.linspace(-1, 1, shape[0], dtype=np.float32)[:, None]
    along = (x * light.toward_lamp[0] + y * light.toward_lamp[1]) ** 2
    level = light.toward_lamp[0] ** 2 + light.toward_lamp[1] ** 2
    share = along / (level * (x * x + y * y) + 0.05)
    return 0.6 * share * share - 0.2


def _hollows(height_mm: Array, thickness_mm: float, step_mm: float) -> Array:
    """How much light a point misses because its surroundings stand higher, 0..1."""
    scale = 255 / max(thickness_mm, 1e-3)
    grey = np.clip(height_mm * scale, 0, 255).astype(np.uint8)
    around = np.asarray(Image.fromarray(grey).filter(ImageFilter.BoxBlur(0.7 / step_mm)), dtype=np.float32) / scale
    hidden: Array = np.clip((around - height_mm) * 0.55, -0.12, 0.6)
    return hidden


def _tool_marks(finish: str, u: Array, v: Array, rng: np.random.Generator) -> Array:
    """Fine random grooves, along the length or round the middle, as a slope without unit."""
    if finish == "struck":
        return np.zeros_like(u)
    across_mm = np.hypot(u, v) if finish == "turned" else v + 0.02 * u
    table = rng.normal(0, 1, 512).astype(np.float32)
    table = table + np.roll(table, 1) + np.roll(table, 2)
    marks: Array = table[(across_mm * 11.0).astype(np.int32) & 511]
    return marks


def _clouds(shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Slow stains, about -1..1, over a picture of this shape."""
    coarse = Image.fromarray(rng.normal(0, 0.5, (7, 7)).astype(np.float32))
    return np.asarray(coarse.resize((shape[1], shape[0]), Image.Resampling.BICUBIC))


def _scratches(shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """A few hairline scratches, 0..1."""
    picture = Image.new("L", (shape[1], shape[0]), 0)
    pen = ImageDraw.Draw(picture)
    reach = max(shape)
    for _ in range(int(rng.integers(2, 9))):
        x, y = rng.uniform(0, shape[1]), rng.uniform(0, shape[0])
        turn, half = rng.uniform(0, math.pi), rng.uniform(0.03, 0.2) * reach
        a, b = half * math.cos(turn), half * math.sin(turn)
        pen.line((x - a, y - b, x + a, y + b), fill=int(rng.integers(90, 255)), width=1)
    return np.asarray(picture, dtype=np.float32) / 255


def _softened(grey: npt.NDArray[np.uint8], sigma_px: float) -> Array:
    return np.asarray(Image.fromarray(grey).filter(ImageFilter.GaussianBlur(sigma_px)), dtype=np.float32) / 255


def _varied(tint: Tint, worn: float, warm: float) -> Tint:
    return tint[0] * worn * (1 + warm), tint[1] * worn, tint[2] * worn * (1 - warm)
