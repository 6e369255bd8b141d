"""[drift] of a machine file: what should look the same from week to week, and how sure an incident must be."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from edge.tables import Positive, Table

_Px = Annotated[int, Field(ge=0, le=10_000)]
_SidePx = Annotated[int, Field(ge=16, le=128)]


class DriftTable(Table):
    """[drift] learn_parts: the first parts of a bundle on this machine, which teach what is usual; 0 watches nothing.

    window_parts: as many parts are judged together. false_alarm_parts: on average, at most one false alarm of
    confidence, sharpness and mix in so many parts. mix: false where parts come in batches, so that their mix changes.
    brightness_change: of the belt, from which on it is an incident; 0 is not watched. patch_px: left, top, width and
    height of a place in the picture that no part passes and that should always look the same.
    """

    learn_parts: int = Field(default=500, ge=0, le=100_000)
    window_parts: int = Field(default=200, ge=50, le=10_000)
    false_alarm_parts: Positive = 1_000_000.0
    mix: bool = True
    brightness_change: float = Field(default=0.1, ge=0, lt=1)
    patch_px: tuple[_Px, _Px, _SidePx, _SidePx] | None = None

    @property
    def chance(self) -> float:
        """The level of each of the three tests of a window, so that all of them together keep to false_alarm_parts."""
        return self.window_parts / self.false_alarm_parts / 3
