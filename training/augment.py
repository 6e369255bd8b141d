"""Vary training pictures as the belt does: turned any way, off centre, nearer, brighter, flatter, tinted, less sharp.

Done to the batches, never as layers of the saved model. Flips are off by default and rightly so: a mirrored part is
another part, and look-alikes may differ in nothing else; turn them on for parts that are their own mirror image.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, field_validator

from training.tensorflow_setup import load_tensorflow


class AugmentSettings(BaseModel):
    """How far pictures are varied; each value is drawn evenly from its range.

    rotation_deg: up to this angle either way, on top of a quarter turn, or none, drawn first (quarter_turns). Together
    they reach most directions, yet blur and cut off less than one turn by any angle: a long part lies along the
    diagonal of its crop and would lose its ends. shift: fraction of the side, either way. size: factors between which
    the part shrinks or grows. brightness: added, fraction of full scale, either way. contrast: factor 1 - contrast to
    1 + contrast about the picture's mean. brightness_factor: what all values are multiplied by then. saturation: factor
    1 - saturation to 1 + saturation on every pixel's distance from grey. tint: factor 1 - tint to 1 + tint on red,
    green and blue, each on its own, as another lamp or white balance would. blur_px: up to this standard deviation of a
    Gaussian, in pixels of the model's input, as where the lens is not quite in focus or the part moves; for photographs
    of different sharpness. fill: what comes in at the border, the mirrored picture or its edge pixels drawn out.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    rotation_deg: float = Field(default=25, ge=0, le=180)
    quarter_turns: bool = True
    shift: float = Field(default=0.04, ge=0, lt=0.5)
    size: tuple[PositiveFloat, PositiveFloat] = (0.85, 1.08)
    brightness: float = Field(default=0.1, ge=0, lt=1)
    contrast: float = Field(default=0.2, ge=0, lt=1)
    brightness_factor: tuple[PositiveFloat, PositiveFloat] = (1, 1)
    saturation: float = Field(default=0, ge=0, lt=1)
    tint: float = Field(default=0, ge=0, lt=1)
    blur_px: float = Field(default=0, ge=0, le=20)
    flip: bool = False
    fill: Literal["reflect", "nearest"] = "reflect"

    @field_validator("size", "brightness_factor")
    @classmethod
    def _check_order(cls, given: tuple[float, float]) -> tuple[float, float]:
        if given[0] > given[1]:
            raise ValueError("expected the smaller factor first")
        return given


def augment(pixels: NDArray[np.uint8], settings: AugmentSettings, random: np.random.Generator) -> NDArray[np.uint8]:
    """Return a varied copy of a batch, (N, H, W, C) uint8. The same generator state gives the same pixels."""
    tensorflow = load_tensorflow("augmentation")
    moved = tensorflow.raw_ops.ImageProjectiveTransformV3(
        images=pixels.astype(np.float32),
        transforms=_transforms(len(pixels), pixels.shape[1:3], settings, random),
        output_shape=np.array(pixels.shape[1:3], dtype=np.int32),
        fill_value=np.float32(0),
        interpolation="BILINEAR",
        fill_mode=settings.fill.upper(),
    ).numpy()
    per_picture = (len(pixels), 1, 1, 1)
    contrast = random.uniform(1 - settings.contrast, 1 + settings.contrast, per_picture).astype(np.float32)
    brightness = (255 * random.uniform(-settings.brightness, settings.brightness, per_picture)).astype(np.float32)
    mean = moved.mean(axis=(1, 2, 3), keepdims=True)
    lit = (moved - mean) * contrast + mean + brightness
    if settings.brightness_factor != (1, 1):
        lit = lit * random.uniform(*settings.brightness_factor, per_picture).astype(np.float32)
    if pixels.shape[3] == 3:
        lit = _tinted(lit, settings, random)
    varied: NDArray[np.uint8] = np.rint(np.clip(lit, 0, 255)).astype(np.uint8)
    if settings.blur_px:
        for picture, radius in zip(varied, random.uniform(0, settings.blur_px, len(varied)), strict=True):
            picture[:] = _blurred(picture, radius)
    return varied


def _blurred(picture: NDArray[np.uint8], radius_px: float) -> NDArray[np.uint8]:
    """Return one picture, (H, W, C), behind a Gaussian of this standard deviation."""
    flat = picture[:, :, 0] if picture.shape[2] == 1 else picture
    return np.asarray(Image.fromarray(flat).filter(ImageFilter.GaussianBlur(float(radius_px)))).reshape(picture.shape)


def _tinted(pixels: NDArray[np.float32], settings: AugmentSettings, random: np.random.Generator) -> NDArray[np.float32]:
    """Colours as another lamp and camera show them. A range of zero draws nothing from `random`."""
    if settings.saturation:
        grey = pixels.mean(axis=3, keepdims=True)
        strength = random.uniform(1 - settings.saturation, 1 + settings.saturation, (len(pixels), 1, 1, 1))
        pixels = (pixels - grey) * strength.astype(np.float32) + grey
    if settings.tint:
        pixels = pixels * random.uniform(1 - settings.tint, 1 + settings.tint, (len(pixels), 1, 1, 3)).astype(
            np.float32
        )
    return pixels


def _transforms(
    count: int, size: tuple[int, ...], settings: AugmentSettings, random: np.random.Generator
) -> NDArray[np.float32]:
    """Where each output pixel comes from, about the picture's centre: (count, 8) projective coefficients."""
    height, width = size
    turned = 90 * random.integers(0, 4, count) if settings.quarter_turns else np.zeros(count)
    angle = np.deg2rad(turned + random.uniform(-settings.rotation_deg, settings.rotation_deg, count))
    scale = 1 / random.uniform(*settings.size, count)
    shift_x = width * random.uniform(-settings.shift, settings.shift, count)
    shift_y = height * random.uniform(-settings.shift, settings.shift, count)
    mirror = np.where(random.random(count) < 0.5, -1, 1) if settings.flip else np.ones(count)
    cos, sin = np.cos(angle) * scale, np.sin(angle) * scale
    centre_x, centre_y = (width - 1) / 2, (height - 1) / 2
    a, b, c, d = cos * mirror, -sin, sin * mirror, cos
    start_x = centre_x + shift_x - a * centre_x - b * centre_y
    start_y = centre_y + shift_y - c * centre_x - d * centre_y
    zero = np.zeros(count)
    return np.stack([a, b, start_x, c, d, start_y, zero, zero], axis=1).astype(np.float32)
