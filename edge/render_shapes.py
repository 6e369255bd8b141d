"""The geometry of the rendered parts: what each one is, in millimetres.

A shape is drawn from its tolerances once and is then a function: give it points on the
ground, it answers how high the part stands there and how far the point lies from its edge.
Light and camera are elsewhere (render_light, render).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from edge.render_geometry import (
    Array,
    Shape,
    Surface,
    bore,
    chamfer,
    lean,
    ring_of_points,
    rounding,
    stadium,
    step,
    triangle,
)
from edge.render_keys import key
from edge.render_screws import screw
from edge.render_stamps import NUMERALS, coin_face, sample

# The long side each part is made in, from shortest to longest, tolerance included.
LONG_SIDE_MM: dict[str, tuple[float, float]] = {
    "coin": (16.0, 26.0),
    "key": (36.0, 44.0),
    "nut": (11.0, 20.0),
    "paper_clip": (25.0, 33.5),
    "part_a": (27.4, 28.6),
    "part_b": (27.4, 28.6),
    "screw": (15.0, 30.0),
}


def draw_shape(label: str, rng: np.random.Generator) -> Shape:
    """Draw one part of a class from its tolerances. KeyError for a label that is not in LONG_SIDE_MM."""
    return _MAKERS[label](rng)


def coin(rng: np.random.Generator) -> Shape:
    """A struck coin: raised rim, lettering, a numeral or a head; some have a ring of another metal."""
    low_mm, high_mm = LONG_SIDE_MM["coin"]
    radius = 0.5 * rng.choice((16.3, 18.8, 19.8, 21.3, 22.3, 23.3, 24.3, 25.8)) + rng.uniform(-0.08, 0.08)
    radius = float(np.clip(radius, low_mm / 2, high_mm / 2))
    thickness = rng.uniform(1.6, 2.3)
    face = coin_face("head" if rng.random() < 0.4 else str(rng.choice(NUMERALS)))
    two_metals = radius > 11 and rng.random() < 0.3
    relief_mm = rng.uniform(0.3, 0.42)

    def surface(u: Array, v: Array) -> Surface:
        from_middle = np.hypot(u, v)
        distance = from_middle - radius
        rim = step(distance + 0.08 * radius, 0.22)
        height = thickness - 0.5 + 0.5 * rim - rounding(distance, 0.35)
        height = height + relief_mm * sample(face, u / (0.97 * radius), v / (0.97 * radius))
        accent = step(from_middle - 0.66 * radius, 0.1) if two_metals else np.zeros_like(u)
        if two_metals:
            height = height - 0.2 * np.exp(-(((from_middle - 0.66 * radius) / 0.15) ** 2))
        return Surface(distance, height, np.zeros_like(u), accent)

    materials = ("silver+gold", "gold+silver") if two_metals else ("copper", "bronze", "gold", "silver", "silver")
    return Shape("coin", ring_of_points(radius), thickness, materials, "struck", surface)


def nut(rng: np.random.Generator) -> Shape:
    """A hexagon nut: corners chamfered by a cone, a threaded hole seen slightly from the side."""
    flats_mm = float(rng.choice((10.0, 13.0, 16.0, 17.0))) * rng.uniform(0.99, 1.0)
    apothem, radius = flats_mm / 2, flats_mm * rng.uniform(0.25, 0.275)
    thickness = flats_mm * rng.uniform(0.46, 0.54)
    lean_mm = lean(rng, 0.15 * thickness, 0.35 * thickness)
    pitch = flats_mm * 0.1
    washer_face = rng.random() < 0.3

    def surface(u: Array, v: Array) -> Surface:
        from_middle = np.hypot(u, v)
        a, b = np.abs(u) * math.sqrt(0.75), 0.5 * np.abs(v)
        outside = np.maximum(a + b, np.abs(v)) - apothem
        through, depth = bore(u, v, radius, lean_mm)
        cone = np.maximum(from_middle - 0.96 * apothem, 0) * 0.6
        height = thickness - cone - rounding(outside, 0.3)
        height = height - 0.9 * np.clip(radius * 1.14 - from_middle, 0, 0.14 * radius)
        if washer_face:
            height = height - 0.25 * step(from_middle - 0.86 * apothem, 0.12)
        in_wall = from_middle < radius
        thread = triangle(depth * thickness / pitch + np.arctan2(v, u) / (2 * math.pi))
        height = np.where(in_wall, thickness * (1 - depth) * 0.5, height)
        cavity = np.where(in_wall, 0.1 + 0.3 * np.clip(depth, 0, 1) + 0.5 * thread, 0.0)
        return Surface(np.maximum(outside, -through), height, cavity, np.zeros_like(u))

    corners = ring_of_points(apothem / math.sqrt(0.75), count=6)
    return Shape("nut", corners, thickness, ("steel", "steel", "zinc", "brass", "black"), "turned", surface)


def paper_clip(rng: np.random.Generator) -> Shape:
    """A paper clip: one wire, three bends, four straight legs; bare or coated."""
    length, wire = rng.uniform(25.2, 33.3), rng.uniform(0.5, 0.62)
    outer = length * rng.uniform(0.105, 0.12)
    middle, inner = outer * 0.86, outer * 0.68
    right, left = length / 2 - outer - wire, -length / 2 + middle + wire
    inner_right = right - length * rng.uniform(0.1, 0.15)
    y1, y2 = outer, -outer
    y3 = y2 + 2 * middle
    y4 = y3 - 2 * inner
    end1, end4 = left + length * rng.uniform(0.05, 0.3), left + length * rng.uniform(0.1, 0.3)
    splay = rng.uniform(-0.02, 0.03)
    legs = ((end1, right, y1), (left, right, y2), (left, inner_right, y3), (end4, inner_right, y4))
    bends = ((right, 0.0, outer, 1), (left, 0.5 * (y2 + y3), middle, -1), (inner_right, 0.5 * (y3 + y4), inner, 1))

    def surface(u: Array, v: Array) -> Surface:
        sheared = v + splay * u
        from_wire = np.full_like(u, 1e3)
        for start, end, y in legs:
            from_wire = np.minimum(from_wire, np.hypot(u - np.clip(u, start, end), sheared - y))
        for x, y, radius, side in bends:
            arc = np.abs(np.hypot(u - x, sheared - y) - radius)
            from_wire = np.minimum(from_wire, np.where((u - x) * side >= 0, arc, 1e3))
        height = wire + np.sqrt(np.maximum(wire**2 - from_wire**2, 0))
        return Surface(from_wire - wire, height, np.zeros_like(u), np.zeros_like(u))

    reach = outer + wire
    left_bend = ring_of_points(middle + wire, (left, 0.5 * (y2 + y3)))
    outline = np.concatenate([ring_of_points(reach, (right, 0.0)), left_bend])
    outline[:, 1] -= splay * outline[:, 0]
    materials = ("steel", "steel", "steel", "nickel", "copper", "red", "blue", "green")
    return Shape("paper_clip", outline, 2 * wire, materials, "straight", surface)


def part_a(rng: np.random.Generator) -> Shape:
    """The machined plate with a slot 9 mm by 2.8 mm beside its bore."""
    return _plate("part_a", rng, slot_half_mm=3.1, pocket_radius_mm=1.4)


def part_b(rng: np.random.Generator) -> Shape:
    """The machined plate with a round pocket in place of the slot; in all else it is part_a."""
    return _plate("part_b", rng, slot_half_mm=0.0, pocket_radius_mm=2.735)


def _plate(label: str, rng: np.random.Generator, slot_half_mm: float, pocket_radius_mm: float) -> Shape:
    """A milled plate: one corner cut, a bore, a lower land at the end, a pocket that is a slot or round.

    Both pockets hide the same area, so measuring darkness does not tell A from B, and no turning
    or mirroring makes one the other.
    """
    half_u, half_v = 14 * rng.uniform(0.98, 1.02), 8 * rng.uniform(0.98, 1.02)
    thickness, bore_mm = 5 * rng.uniform(0.98, 1.02), 3.6 * rng.uniform(0.97, 1.03)
    bore_u, pocket_u, pocket_v = -6.6, 4.6 + rng.uniform(-0.2, 0.2), rng.uniform(-0.2, 0.2)
    lean_mm = lean(rng, 0.05 * thickness, 0.2 * thickness)

    def surface(u: Array, v: Array) -> Surface:
        outside = np.maximum(np.abs(u) - half_u, np.abs(v) - half_v)
        outside = np.maximum(outside, (u + v - (half_u + half_v - 5)) * math.sqrt(0.5))
        through, depth = bore(u - bore_u, v, bore_mm, lean_mm)
        from_bore = np.hypot(u - bore_u, v) - bore_mm
        pocket = stadium(u - pocket_u, v - pocket_v, slot_half_mm, 0.0, pocket_radius_mm)
        land = step(u - 10.2, 0.15)
        height = thickness - chamfer(outside, 0.6) - 0.9 * np.clip(0.5 - from_bore, 0, 0.5)
        height = height - 1.0 * land - 2.0 * step(-pocket, 0.25)
        in_wall = from_bore < 0
        height = np.where(in_wall, thickness * (1 - depth) * 0.9, height)
        cavity = np.where(in_wall, 0.35 + 0.3 * np.clip(depth, 0, 1), 0.55 * step(-pocket, 0.2))
        return Surface(np.maximum(outside, -through), height, cavity, np.zeros_like(u))

    cut = 5.0
    outline = np.array([
        (-half_u, -half_v), (half_u, -half_v), (half_u, half_v - cut), (half_u - cut, half_v), (-half_u, half_v)
    ])  # fmt: skip
    return Shape(label, outline, thickness, ("steel", "aluminium"), "straight", surface)


_MAKERS: dict[str, Callable[[np.random.Generator], Shape]] = {
    "coin": coin,
    "key": key,
    "nut": nut,
    "paper_clip": paper_clip,
    "part_a": part_a,
    "part_b": part_b,
    "screw": screw,
}
