"""A board that sorts by itself, with its pictures from files: a real one on a port, or its image on an emulated one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from edge.clocks import MonotonicClock
from edge.errors import GateError
from edge.parts import REJECT_BIN
from edge.pictures import read_picture
from edge.preprocess import preprocess
from firmware_bridge.board_info import greeted
from firmware_bridge.codes import Verdict
from firmware_bridge.sorter_build import IMAGE, sorter_image
from firmware_bridge.sorter_facts import SorterFacts, read_facts
from firmware_bridge.sorter_feed import Fate, SorterCamera, feed
from firmware_bridge.sorter_rig import SorterRig

FEED_EVERY_S = 0.005
FIRST_PART_S = 0.05


@dataclass(frozen=True)
class Told:
    """What became of a part, for a person. after_ms: from the middle of the part in the picture to the opening."""

    part: int
    picture: str
    label: str | None
    score: float
    bin: str
    reason: str
    after_ms: float | None

    @property
    def sentence(self) -> str:
        """One line."""
        known = f"{self.label} {self.score:.3f}" if self.label is not None else "no picture"
        when = f", gate open {self.after_ms:.3f} ms after the picture" if self.after_ms is not None else ""
        return f"part {self.part:<4} {self.picture}: {known} -> {self.bin} ({self.reason}{when})"

    def as_dict(self) -> dict[str, Any]:
        """The same for programs."""
        return asdict(self)


def told(fate: Fate, facts: SorterFacts) -> Told:
    """Return a part's fate in words."""
    judged = fate.judged
    assert judged is not None, "only what is over is told"
    sorted_by = facts.gates[judged.gate] if judged.verdict is Verdict.SORTED and fate.opened is not None else None
    reason = "missed" if judged.verdict is Verdict.SORTED and sorted_by is None else judged.verdict.name.lower()
    after = ((fate.opened - fate.expected) % 2**32) / 1000 if sorted_by and fate.opened is not None else None
    return Told(
        fate.part,
        fate.picture,
        facts.labels[judged.label] if judged.label < len(facts.labels) else None,
        round(judged.score / 65536, 4),
        sorted_by.bin if sorted_by else REJECT_BIN,
        reason,
        after,
    )


def run_sorter(folder: Path, pictures: Sequence[Path], port: str | None, tell: Callable[[Told], None]) -> list[Told]:
    """Send pictures to a sorter. port: None emulates it. tell: hears of each part.

    Raises DataError for a picture or a folder that cannot be read, GateError for a board, BuildError and
    MissingPackageError for what emulating it needs.
    """
    facts = read_facts(folder)
    ready = [(str(path), preprocess(read_picture(path), facts.input)) for path in pictures]
    if port is None:
        image = folder / IMAGE
        rig = SorterRig(facts, image.read_bytes() if image.is_file() else sorter_image(folder))
        camera = SorterCamera(rig.greet(), ready)
        rig.start()
        for number in range(len(ready)):
            rig.part(rig.clock.now() + FIRST_PART_S + number * facts.pitch_ms / 1000)
        fates = feed(camera, rig.wait, lambda fate: tell(told(fate, facts)))
    else:
        clock = MonotonicClock()
        with greeted(port, facts.baud) as link:
            _require_sorter(link.identity.board, port)
            camera = SorterCamera(link, ready)
            fates = feed(
                camera, lambda: clock.sleep_until(clock.now() + FEED_EVERY_S), lambda fate: tell(told(fate, facts))
            )
    return [told(fate, facts) for fate in fates]


def _require_sorter(board: str, port: str) -> None:
    if board != "sorter":
        raise GateError(
            f"--port: expected a board that sorts by itself, found edge-sort's gate controller ({board}) at {port}; "
            "put sorter.uf2 of this folder on it"
        )
