"""What an incident of drift says: what has changed, by how much, what to do."""

from __future__ import annotations

import numpy as np

from edge.incidents import IncidentKind

REMEDIES = {
    IncidentKind.CONFIDENCE_DRIFT: "look at their pictures: light, lens and focus first, then whether the parts "
    "themselves are other ones, which want a bundle that knows them",
    IncidentKind.SHARPNESS_DRIFT: "clean the lens, look at the focus, the exposure and the belt's speed",
    IncidentKind.MIX_DRIFT: "look at the feeder and at pictures of the class named; where parts come in batches, set "
    "drift.mix = false",
    IncidentKind.BRIGHTNESS_DRIFT: "look at the lamp, its supply, daylight and the lens",
    IncidentKind.PATCH_DRIFT: "look at the camera's mount, the lens and the patch",
}


def light_changed(ratio: float, patched: float | None, most: float, *, standing: bool) -> str | None:
    """Say how the light has changed; a change that stands ends a little below where it began."""
    if abs(ratio) <= most * (0.8 if standing else 1.0) or most == 0:
        return None
    told = f"the belt is {by(ratio)} than when it was learnt"
    if patched is None:
        return told
    alike = patched * ratio > 0 and abs(patched) > most / 2
    return f"{told}, and the reference patch is {by(patched)}" if alike else f"{told}, the reference patch is not"


def by(ratio: float) -> str:
    """Say a change of brightness."""
    return f"{abs(ratio):.0%} {'brighter' if ratio > 0 else 'darker'}"


def fallen(what: str, before: dict[str, list[float]], now: dict[str, list[float]], count: int) -> str:
    """Name the class that has fallen most."""
    shared = [label for label, values in now.items() if values and before.get(label)]
    falls = {label: float(np.mean(before[label]) - np.mean(now[label])) for label in shared}
    worst = max(falls, key=lambda label: falls[label] * len(now[label]))
    was, then = float(np.mean(before[worst])), float(np.mean(now[worst]))
    told = f"on average {was:.3f} then, {then:.3f} now"
    return f"the {what} of the last {count} parts have fallen, most of {worst!r}: {told}"


def other_mix(before: dict[str, int], now: dict[str, int], count: int) -> str:
    """Name the class whose share has changed most."""
    total = sum(before.values())
    usual = {label: before.get(label, 0) / total * count for label in {*before, *now}}
    worst = max(usual, key=lambda label: (now.get(label, 0) - usual[label]) ** 2 / (usual[label] + now.get(label, 0)))
    return f"of the last {count} parts {now.get(worst, 0)} are {worst!r}, usual are {usual[worst]:.0f}"
