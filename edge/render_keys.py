"""The geometry of rendered keys, in millimetres."""

from __future__ import annotations

import numpy as np

from edge.render_geometry import (
    Array,
    Shape,
    Surface,
    chamfer,
    ring_of_points,
    stadium,
    step,
)
from edge.render_stamps import key_number, sample


def key(rng: np.random.Generator) -> Shape:
    """A key: a bow with a hole and a struck number, a grooved blade whose cuts differ from key to key."""
    length, bow = rng.uniform(36.2, 43.8), rng.uniform(8.6, 10.0)
    thickness, blade = rng.uniform(1.9, 2.3), rng.uniform(3.4, 4.1)
    bow_kind = str(rng.choice(("round", "square", "oval", "clover")))
    bow_at, tip_at = -length / 2 + bow, length / 2
    cut_at, cut_mm = _key_cuts(rng, bow_at + bow + 2.5, tip_at - 1.5, blade)
    number = key_number("".join(rng.choice(("0", "1", "2", "5"), 3)))
    hole = rng.uniform(1.8, 2.6)
    hole_length = rng.choice((0.0, 0.0, 2.0))
    groove_at = rng.uniform(-1.6, -0.9)

    def surface(u: Array, v: Array) -> Surface:
        in_bow = u - bow_at
        head = _bow(in_bow, v, bow, bow_kind)
        ring = stadium(in_bow + 0.55 * bow, v, 0.0, hole_length, hole)
        taper = (tip_at - u) * 0.9 + 0.7
        ends = np.abs(u - 0.5 * (bow_at + 3 + tip_at)) - 0.5 * (tip_at - bow_at - 3)
        shaft = np.maximum(np.abs(v) - np.minimum(blade, taper), ends)
        cuts = (v - np.interp(u, cut_at, cut_mm).astype(np.float32)) * 0.75
        shoulder = np.maximum(np.abs(in_bow - bow - 0.2) - 1.3, np.abs(v) - blade - 1.1)
        body = np.minimum(np.maximum(shaft, cuts), np.minimum(head, shoulder))
        distance = np.maximum(body, -ring)
        panel = (
            step(-_bow(in_bow, v, bow - 1.5, bow_kind), 0.3) * step(ring - 1.0, 0.3) * step(-(in_bow - bow + 2), 0.4)
        )
        along = step(in_bow - bow + 0.5, 0.5)
        groove = (step(0.75 - np.abs(v - groove_at), 0.2) + 0.8 * step(0.4 - np.abs(v - groove_at - 2.3), 0.2)) * along
        struck = sample(number, (v / (0.5 * bow)), -(in_bow - 0.3 * bow) / (0.5 * bow)) * panel
        height = thickness - chamfer(distance, 0.35) - 0.35 * panel - 0.6 * groove - 0.3 * struck
        return Surface(distance, height, 0.45 * groove + 0.4 * struck, np.zeros_like(u))

    tip = np.array([(tip_at, 0.7), (tip_at, -0.7), (tip_at - 3.0, blade), (tip_at - 3.0, -blade)])
    outline = np.concatenate([_bow_outline(bow, bow_kind) + np.array((bow_at, 0.0)), tip])
    return Shape("key", outline, thickness, ("brass", "brass", "nickel", "steel"), "straight", surface)


def _bow(u: Array, v: Array, size_mm: float, kind: str) -> Array:
    """Distance to the bow of a key, centred, size_mm its half length."""
    if kind == "square":
        return stadium(u, v, size_mm * 0.7, size_mm * 0.7, size_mm * 0.3)
    if kind == "clover":
        leaf = size_mm * 0.56
        sides = np.hypot(u - 0.15 * size_mm, np.abs(v) - (size_mm - leaf)) - leaf
        end, neck = np.hypot(u + size_mm - leaf, v) - leaf, np.hypot(u - 0.4 * size_mm, v) - leaf
        clover: Array = np.minimum(np.minimum(sides, end), neck)
        return clover
    round_or_oval: Array = np.hypot(u, v / 1.12 if kind == "oval" else v) - size_mm
    return round_or_oval


def _bow_outline(size_mm: float, kind: str) -> Array:
    """Points whose hull encloses the bow of a key."""
    if kind == "square":
        corners = [(x * 0.7 * size_mm, y * 0.7 * size_mm) for x in (-1, 1) for y in (-1, 1)]
        return np.concatenate([ring_of_points(size_mm * 0.3, corner) for corner in corners])
    outline: Array = ring_of_points(size_mm) * np.array((1.0, 1.12 if kind == "oval" else 1.0))
    return outline


def _key_cuts(rng: np.random.Generator, from_mm: float, to_mm: float, blade_mm: float) -> tuple[Array, Array]:
    """The cut edge of a blade as a line of flats joined by slopes: positions and heights."""
    count = int(rng.integers(5, 7))
    middles = np.linspace(from_mm + 1, to_mm - 1, count)
    depths = blade_mm - 0.55 * rng.integers(1, 7, count)
    flat = 0.18 * (middles[1] - middles[0])
    teeth = [
        (m, d)
        for middle, depth in zip(middles, depths, strict=True)
        for m, d in ((middle - flat, depth), (middle + flat, depth))
    ]
    peaks = [
        (0.5 * (a + b), min(blade_mm, max(c, d) + 0.8))
        for a, b, c, d in zip(middles[:-1], middles[1:], depths[:-1], depths[1:], strict=True)
    ]
    points = sorted([(from_mm - 1.5, blade_mm), (to_mm + 1, depths[-1]), *teeth, *peaks])
    return np.array([p[0] for p in points]), np.array([p[1] for p in points])
