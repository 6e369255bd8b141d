"""Draw what the sorter made of a frame, for people to look at."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw

from edge.belt import Belt, position_mm
from edge.durable import require_unused
from edge.parts import REJECT_BIN, Frame
from edge.sorter import Outcome

_SORTED, _REJECTED = (20, 160, 60), (220, 40, 40)


class FrameSaver:
    """Writes every frame in which a part was decided, with the decision drawn in."""

    def __init__(self, folder: Path, belt: Belt, mm_per_px: float) -> None:
        require_unused(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._belt, self._scale = folder, belt, mm_per_px

    def save(self, frame: Frame, outcomes: Sequence[Outcome]) -> Path:
        """Write the frame with a box round every part decided in it. Returns the file."""
        picture = Image.fromarray(frame.image)
        draw = ImageDraw.Draw(picture)
        for outcome in outcomes:
            self._box(draw, picture.size, frame.taken_at, outcome)
        path = self._folder / f"frame_{frame.number:06d}.png"
        picture.save(path)
        return path

    def _box(self, draw: ImageDraw.ImageDraw, size: tuple[int, int], at: float, outcome: Outcome) -> None:
        track, decision = outcome.track, outcome.decision
        x = size[0] / 2 + position_mm(track.mark_mm, at, self._belt) / self._scale
        y = size[1] / 2 + track.y_mm / self._scale
        half_x, half_y = track.length_mm / self._scale / 2, track.width_mm / self._scale / 2
        color = _REJECTED if decision.bin == REJECT_BIN else _SORTED
        draw.rectangle((x - half_x, y - half_y, x + half_x, y + half_y), outline=color, width=2)
        why = f" ({decision.reason})" if decision.bin == REJECT_BIN else ""
        text = f"{track.number} {decision.label} {decision.score:.2f} -> {decision.bin}{why}"
        left = min(max(2, x - half_x), size[0] - draw.textlength(text) - 2)
        draw.text((left, max(2, y - half_y - 13)), text, fill=color)
