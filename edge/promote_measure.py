"""Measure the current bundle and the one that wants its place, on everything there is to measure them on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge.bundle import Bundle
from edge.classifier import Classifier
from edge.frozen_set import FrozenPictures
from edge.machine import Machine
from edge.measured_latency import measure_latency
from edge.plan import Latency
from edge.promote_rules import too_slow
from edge.recorded_parts import Replayed, kept_pictures, replay_both
from edge.side_by_side import Known, SideBySide, Sorts, answer_all

_LATENCY_RUNS = 100


@dataclass(frozen=True)
class MeasureOn:
    """What to measure on beside the frozen pictures. recording needs a machine."""

    journal: Path | None = None
    recording: Path | None = None
    machine: Machine | None = None


@dataclass(frozen=True)
class Unlabelled:
    """Kept pictures of which nobody has said what they are. other_bin: of the flips, those into another bin."""

    pictures: int
    flips: int
    other_bin: int


@dataclass(frozen=True)
class Measured:
    """Everything that was measured; None where there was nothing to measure it on.

    latency: who -> finding and classifying here, in ms.
    """

    frozen_digest: str | None = None
    frozen: SideBySide | None = None
    kept: SideBySide | None = None
    unlabelled: Unlabelled | None = None
    replayed: Replayed | None = None
    latency: dict[str, Latency] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return what there is, under the names that `promote --json` uses."""
        found: dict[str, Any] = {"latency_ms": {name: vars(one) for name, one in self.latency.items()}}
        if self.frozen is not None:
            found["frozen"] = {"sha256": self.frozen_digest, **self.frozen.as_dict()}
        if self.kept is not None:
            found["kept"] = self.kept.as_dict()
        if self.unlabelled is not None:
            found["kept_unlabelled"] = vars(self.unlabelled)
        if self.replayed is not None:
            found["recording"] = self.replayed.as_dict()
        return found


@dataclass(frozen=True)
class Loaded:
    """A bundle whose files, test card and golden inputs are as they should be on this computer."""

    bundle: Bundle
    classifier: Classifier


def measure(
    champion: Loaded | None,
    challenger: Loaded,
    frozen: FrozenPictures | None,
    on: MeasureOn,
    tell: Callable[[str], None],
) -> Measured:
    """Show everything there is to both, or to the challenger alone, and time them. Raises DataError, JournalError."""
    both = [one for one in (champion, challenger) if one is not None]
    labels = dict.fromkeys(label for one in both for label in one.bundle.labels)
    bins = on.machine.bins if on.machine else {label: label for label in labels}
    sides = [Sorts(one.bundle, one.classifier, bins) for one in both]
    compared = kept = unlabelled = replayed = None
    if frozen is not None:
        tell(f"showing {len(frozen.pictures)} frozen pictures to {len(sides)} bundles")
        pictures = [
            Known(one.path.relative_to(frozen.folder).as_posix(), one.path, one.label) for one in frozen.pictures
        ]
        compared = _compare(pictures, sides)
    if on.journal is not None:
        tell(f"showing the pictures that {on.journal} kept")
        pictures = kept_pictures(on.journal)
        kept = _compare([one for one in pictures if one.truth is not None], sides)
        unlabelled = _agreement([one for one in pictures if one.truth is None], sides) if champion else None
    if on.recording is not None and on.machine is not None and champion is not None:
        tell(f"sorting {on.recording} with both")
        replayed = replay_both(champion.bundle, challenger.bundle, on.machine, on.recording, tell)
    return Measured(
        frozen.found.digest if frozen else None, compared, kept, unlabelled, replayed, _latency(sides, on, tell)
    )


def _compare(pictures: Sequence[Known], sides: Sequence[Sorts]) -> SideBySide | None:
    shown, answers, skipped = answer_all(pictures, sides)
    if not shown and not skipped:
        return None
    return SideBySide(
        pictures=tuple(one.name for one in shown),
        truth=tuple(one.truth or "" for one in shown),
        champion=tuple(answers[0]) if len(sides) > 1 else (),
        challenger=tuple(answers[-1]),
        bins=sides[0].bins,
        labels=frozenset(label for side in sides for label in side.bundle.labels),
        skipped=tuple(skipped),
    )


def _agreement(pictures: Sequence[Known], sides: Sequence[Sorts]) -> Unlabelled:
    shown, (first, second), _skipped = answer_all(pictures, sides)
    flips = [(one, other) for one, other in zip(first, second, strict=True) if one.label != other.label]
    return Unlabelled(len(shown), len(flips), sum(one.bin != other.bin for one, other in flips))


def _latency(sides: Sequence[Sorts], on: MeasureOn, tell: Callable[[str], None]) -> dict[str, Latency]:
    if on.machine is None:
        return {}
    names, machine = ("champion", "challenger")[-len(sides) :], on.machine
    found: dict[str, Latency] = {}
    for _ in range(2):  # what is too slow twice was not held up by something else
        tell("timing on this computer")
        found = {
            name: measure_latency(machine, side.classifier, _LATENCY_RUNS)
            for name, side in zip(names, sides, strict=True)
        }
        if not list(too_slow(machine, found.get("champion"), found["challenger"])):
            break
    return found
