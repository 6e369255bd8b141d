"""The geometry of rendered screws, in millimetres."""

from __future__ import annotations

import math

import numpy as np

from edge.render_geometry import (
    Array,
    Shape,
    Surface,
    ring_of_points,
    step,
    triangle,
)


def screw(rng: np.random.Generator) -> Shape:
    """A screw on its side: head with slot or cross, shank with helical thread, blunt or pointed tip.

    It rests on its head and its tip, so the top of the head faces the camera a little.
    """
    length = rng.uniform(15.2, 29.8)
    shank = float(np.clip(length * rng.uniform(0.075, 0.105), 1.5, 2.4))
    head, pointed = shank * rng.uniform(1.75, 2.0), rng.random() < 0.5
    pitch = rng.uniform(1.3, 1.7) if pointed else rng.uniform(0.9, 1.1)
    thread_mm = pitch * (0.36 if pointed else 0.3)
    face = head * rng.uniform(0.2, 0.42)
    head_from = -length / 2 + face
    countersunk, cross = rng.random() < 0.5, rng.random() < 0.5
    roll = rng.uniform(0, math.pi)
    at_mm, radius_mm = _screw_profile(length, head_from, head, shank, countersunk, pointed)
    plain_to = at_mm[4] + rng.choice((0.3, 0.3, 0.25 * length))

    def surface(u: Array, v: Array) -> Surface:
        core = np.interp(u, at_mm, radius_mm).astype(np.float32)
        angle = np.arcsin(np.clip(v / np.maximum(core, 0.3), -1, 1))
        tooth = triangle(u / pitch + angle / (2 * math.pi))
        threaded = step(u - plain_to, 0.3)
        radius = core - threaded * thread_mm * (1 - tooth) * np.minimum(core / shank, 1)
        side = np.maximum(np.abs(v) - radius, np.maximum(head_from - u, u - length / 2))
        on_face = (np.hypot((u - head_from) / face, v / head) - 1) * face
        height = head * 0.6 + np.sqrt(np.maximum(radius**2 - v**2, 0))
        height = np.where(on_face < 0, head * 1.2 + 1.1 * (u - head_from - face), height)
        recess = _recess((u - head_from) * (head / face), v, head, roll, cross) * (on_face < 0)
        cavity = np.maximum(0.85 * recess, threaded * 0.4 * (1 - tooth) * (on_face >= 0))
        return Surface(np.minimum(side, on_face), height, cavity, np.zeros_like(u))

    outline = np.concatenate([
        ring_of_points(1.0) * np.array((face, head)) + np.array((head_from, 0.0)),
        np.array([(float(at_mm[2]), head), (float(at_mm[2]), -head), (length / 2, 0.3), (length / 2, -0.3)]),
        np.array([(float(at_mm[-2]), shank), (float(at_mm[-2]), -shank)]),
    ])  # fmt: skip
    return Shape(
        "screw", outline, head * 1.6, ("steel", "zinc", "zinc", "brass", "yellow_zinc", "black"), "straight", surface
    )


def _screw_profile(
    length: float, head_from: float, head: float, shank: float, countersunk: bool, pointed: bool
) -> tuple[Array, Array]:
    """Radius along a screw: head, neck, shank, tip; positions and radii, seven points."""
    depth = head * (0.75 if countersunk else 0.62)
    neck = shank * 0.92
    head_to = head_from + depth
    rim = (head_from + 0.25, head) if countersunk else (head_to - 0.3, head)
    tip = (length / 2 - (2.6 * shank if pointed else 0.7), shank)
    end = (length / 2, 0.15 if pointed else shank * 0.75)
    points = [(head_from, head * 0.98), (head_from + 0.15, head), rim, (head_to, neck if countersunk else head * 0.9),
              (head_to + 0.1, neck), tip, end]  # fmt: skip
    return np.array([p[0] for p in points]), np.array([p[1] for p in points])


def _recess(a: Array, b: Array, head_mm: float, roll: float, cross: bool) -> Array:
    """Where the driver goes in, 0..1, on the unfolded top of a screw head."""
    c, s = math.cos(roll), math.sin(roll)
    p, q = np.abs(a * c + b * s), np.abs(b * c - a * s)
    width = head_mm * (0.16 if cross else 0.14)
    one = step(width - p, 0.2)
    if not cross:
        return one
    reach = head_mm * 0.62
    return np.maximum(one * step(reach - q, 0.2), step(width - q, 0.2) * step(reach - p, 0.2))
