"""What a line tells those who watch it, such as the operator's page. Records that travel to another process.

Totals are since the line began and are told again and again, so one that is lost on the way costs nothing. Moments are
seconds on the machine clock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from edge.parts import REJECT_BIN
from edge.spread import Spread
from edge.states import Command, State


@dataclass(frozen=True)
class LineFacts:
    """What does not change while a line runs. bins: in the order of the gates along the belt, without reject.

    run: its number in the journal. start_wall_s: the wall clock minus the machine clock at the start, in seconds.
    """

    run: int
    labels: tuple[str, ...]
    bins: tuple[str, ...]
    bundle_sha256: str
    machine_sha256: str
    camera: str
    speed_mm_s: float
    started_at: float
    start_wall_s: float
    version: str = ""

    def wall_s(self, at: float) -> float:
        """Return a moment of the machine clock as seconds of the wall clock."""
        return at + self.start_wall_s


@dataclass(frozen=True)
class Standing:
    """Something that is wrong now, since a moment."""

    kind: str
    cause: str
    remedy: str
    since: float


@dataclass(frozen=True)
class Condition:
    """How the line is. can: what may be asked of it in this state. full_bins: whose parts go to reject."""

    at: float
    state: State
    since: float
    can: tuple[Command, ...] = ()
    standing: tuple[Standing, ...] = ()
    full_bins: tuple[str, ...] = ()


@dataclass(frozen=True)
class Totals:
    """Counts since the line began; none ever falls.

    by_bin and by_reason: as decided. given_up_of and given_up_for: parts decided for a bin that no gate then moved for,
    because belt or line had stopped; all of them went to reject. untold: records that found no room on the way.
    """

    at: float
    frames: int = 0
    parts: int = 0
    by_bin: Mapping[str, int] = field(default_factory=dict)
    by_reason: Mapping[str, int] = field(default_factory=dict)
    given_up_of: Mapping[str, int] = field(default_factory=dict)
    given_up_for: Mapping[str, int] = field(default_factory=dict)
    incidents: Mapping[str, int] = field(default_factory=dict)
    latency: Spread = field(default_factory=Spread)
    gate_error: Spread = field(default_factory=Spread)
    belt_mm_s: float = 0.0
    untold: int = 0

    @property
    def bins(self) -> dict[str, int]:
        """Parts per bin, those that were given up in reject."""
        counts = Counter(self.by_bin)
        counts.subtract(self.given_up_of)
        counts[REJECT_BIN] += sum(self.given_up_of.values())
        return dict(counts)

    @property
    def reasons(self) -> dict[str, int]:
        """Parts per reason, those that were given up under why."""
        counts = Counter(self.by_reason)
        counts["sorted"] -= sum(self.given_up_for.values())
        counts.update(self.given_up_for)
        return {reason: count for reason, count in counts.items() if count}


@dataclass(frozen=True)
class Pixels:
    """A small picture: rows of RGB bytes."""

    width: int
    height: int
    rgb: bytes


@dataclass(frozen=True)
class PartTold:
    """A part was decided. scores: one for each label. latency_ms: from the frame to the decision.

    doubtful: a person should say what it was.
    """

    part: int
    at: float
    label: str
    score: float
    scores: tuple[float, ...]
    bin: str
    reason: str
    latency_ms: float
    doubtful: bool
    crop: Pixels | None = None


@dataclass(frozen=True)
class GivenUp:
    """A part that had been decided for a bin goes to reject after all."""

    part: int
    reason: str


@dataclass(frozen=True)
class IncidentTold:
    """Something happened."""

    at: float
    kind: str
    cause: str
    remedy: str


@dataclass(frozen=True)
class Box:
    """A part in a picture, in pixels of it: left, top, right, bottom. bin is empty while it is undecided."""

    part: int
    place: tuple[float, float, float, float]
    label: str = ""
    score: float = 0.0
    bin: str = ""
    reason: str = ""


@dataclass(frozen=True)
class PictureTold:
    """A frame lies in a slot of the shared memory until whoever watches gives the slot back."""

    number: int
    at: float
    slot: int
    width: int
    height: int
    boxes: tuple[Box, ...] = ()


@dataclass(frozen=True)
class Answer:
    """What came of something that was asked; problem: why not, a sentence."""

    ask: int
    problem: str | None = None


@dataclass(frozen=True)
class Labelled:
    """Somebody has said what a part was."""

    part: int
    label: str
    by: str


Told = Condition | Totals | PartTold | GivenUp | IncidentTold | PictureTold | Answer | Labelled
