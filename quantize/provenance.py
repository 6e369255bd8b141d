"""What a bundle remembers of its making, read with care: its digests fit, but anybody may have written it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def recorded_share(provenance: Mapping[str, Any], name: str) -> float | None:
    """Return a limit, 0..1, that the bundle was made with; None when it has none."""
    value = provenance.get(name)
    return float(value) if isinstance(value, int | float) and 0 <= value <= 1 else None


def calibration_digests(provenance: Mapping[str, Any]) -> frozenset[str]:
    """Return the sha256 of every picture it was calibrated with, as far as it tells."""
    pictures = _calibration(provenance).get("pictures")
    listed = pictures if isinstance(pictures, list) else []
    return frozenset(str(one["sha256"]) for one in listed if isinstance(one, dict) and "sha256" in one)


def origin_object(provenance: Mapping[str, Any]) -> dict[str, Any]:
    """Return where a model comes from, for a report.

    calibration_pictures: their number; bundle.json has the list. An imported model has none.
    """
    short = {name: value for name, value in provenance.items() if name != "calibration"}
    if not _calibration(provenance):
        return short
    return {**short, "calibration_pictures": len(calibration_digests(provenance))}


def _calibration(provenance: Mapping[str, Any]) -> Mapping[str, Any]:
    found = provenance.get("calibration")
    return found if isinstance(found, dict) else {}
