"""The vocabulary shapes are written in: what a shape answers, and the distances it is built from.

All lengths are millimetres, in the part's own coordinates: u along its length, v across.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Surface:
    """What a shape answers for a grid of points; every field has the shape of the grid.

    distance_mm is negative inside the body. height_mm is above the ground and only means
    something inside. cavity, 0..1, is how much a hollow hides from the light; accent, 0..1,
    is how much of the second material shows.
    """

    distance_mm: Array
    height_mm: Array
    cavity: Array
    accent: Array


@dataclass(frozen=True)
class Shape:
    """One part: its box in millimetres, what it may be made of, how it was machined.

    outline_mm is (N, 2), points whose hull encloses the body, for fitting it into a frame.
    finish is the direction of tool marks: "straight" along the length, "turned" round the middle,
    "struck" leaves none.
    """

    label: str
    outline_mm: Array
    thickness_mm: float
    materials: tuple[str, ...]
    finish: str
    surface: Callable[[Array, Array], Surface]


def step(x_mm: Array, soft_mm: float) -> Array:
    """0 below zero, 1 above, smooth over soft_mm on both sides."""
    t: Array = np.clip(x_mm * (0.5 / soft_mm) + 0.5, 0, 1)
    return t * t * (3 - 2 * t)


def triangle(turns: Array) -> Array:
    """A wave from 0 to 1 and back over each whole turn."""
    return np.abs(2 * (turns - np.floor(turns)) - 1)


def rounding(distance_mm: Array, radius_mm: float) -> Array:
    """How much lower a surface lies near its edge when the edge is rounded."""
    t: Array = np.clip(1 + distance_mm / radius_mm, 0, 1)
    return radius_mm * (1 - np.sqrt(1 - t * t))


def chamfer(distance_mm: Array, size_mm: float) -> Array:
    """How much lower a surface lies near its edge when the edge is cut at 45 degrees."""
    lower: Array = np.clip(distance_mm + size_mm, 0, size_mm)
    return lower


def stadium(u: Array, v: Array, half_u_mm: float, half_v_mm: float, radius_mm: float) -> Array:
    """Distance to a box of half sides half_u_mm and half_v_mm, grown by radius_mm all round."""
    return np.hypot(np.maximum(np.abs(u) - half_u_mm, 0), np.maximum(np.abs(v) - half_v_mm, 0)) - radius_mm


def bore(u: Array, v: Array, radius_mm: float, lean_mm: tuple[float, float]) -> tuple[Array, Array]:
    """A hole through a part seen from a little aside, so that its far end is shifted by lean_mm.

    Returns the distance to the opening one can see through (negative inside it), and how deep
    the wall is met, from 0 at the top to 1 at the bottom.
    """
    lean_u, lean_v = lean_mm
    top, bottom = np.hypot(u, v) - radius_mm, np.hypot(u - lean_u, v - lean_v) - radius_mm
    square, dot = lean_u**2 + lean_v**2, u * lean_u + v * lean_v
    root = np.sqrt(np.maximum(dot * dot - square * (u * u + v * v - radius_mm**2), 0))
    return np.maximum(top, bottom), (dot + root) / square


def lean(rng: np.random.Generator, low_mm: float, high_mm: float) -> tuple[float, float]:
    """Draw how far, in any direction, the far end of a hole is shifted for the camera."""
    towards, far = rng.uniform(0, 2 * math.pi), rng.uniform(low_mm, high_mm)
    return far * math.cos(towards), far * math.sin(towards)


def ring_of_points(radius_mm: float, at_mm: tuple[float, float] = (0.0, 0.0), count: int = 36) -> Array:
    """Points on a circle, (count, 2)."""
    turns = np.arange(count) * (2 * math.pi / count)
    points: Array = radius_mm * np.stack([np.cos(turns), np.sin(turns)], axis=1) + np.array(at_mm)
    return points
