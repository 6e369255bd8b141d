"""Write a recording (edge.recording), so that it is good up to its last whole frame whatever ends it."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from PIL import Image

from edge.durable import require_unused
from edge.errors import DataError
from edge.parts import Frame
from edge.problems import first_problem
from edge.recording import FACTS_FILE, FRAMES_FILE, RecordedFrame, RecordingEnd, RecordingFacts, pixels_sha256

_DRAFT = ".draft.png"


class Recorder:
    """Writes a recording. Use it as a context manager, and say `because` before the block ends."""

    def __init__(
        self,
        folder: Path,
        facts: RecordingFacts,
        *,
        keep_free_bytes: int = 0,
        free_bytes: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
    ) -> None:
        """folder: new or empty. Raises DataError when it is in use or cannot be written to."""
        require_unused(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._keep_free_bytes, self._free_bytes = folder, keep_free_bytes, free_bytes
        (folder / FACTS_FILE).write_text(facts.model_dump_json(indent=1) + "\n", encoding="utf-8")
        self._lines = (folder / FRAMES_FILE).open("w", encoding="utf-8")
        self.frames = 0
        self.because = "error"

    def add(self, frame: Frame, had_at: float) -> None:
        """Write a frame. Raises DataError when the disk is full; all frames before it are whole."""
        free = self._free_bytes(self._folder)
        if free < self._keep_free_bytes + frame.image.nbytes:
            raise DataError(self._full(f"{free / 1e6:.0f} MB left"))
        file = f"{self.frames:08d}.png"
        line = RecordedFrame(
            number=frame.number,
            taken_at_s=frame.taken_at,
            had_at_s=had_at,
            file=file,
            sha256=pixels_sha256(frame.image),
        )
        try:
            draft = self._folder / _DRAFT
            Image.fromarray(frame.image).save(draft, compress_level=1)
            draft.rename(self._folder / file)
            self._lines.write(line.model_dump_json() + "\n")
            self._lines.flush()
        except OSError as error:
            raise DataError(self._full(first_problem(error))) from error
        self.frames += 1

    def __enter__(self) -> Recorder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write the last line, as far as the disk takes it."""
        try:
            self._lines.write(RecordingEnd(frames=self.frames, because=self.because).model_dump_json() + "\n")
            self._lines.flush()
            os.fsync(self._lines.fileno())
            self._lines.close()
            (self._folder / _DRAFT).unlink(missing_ok=True)
        except OSError:  # a recording without its last line is known to be cut short
            with contextlib.suppress(OSError):
                self._lines.close()

    def _full(self, found: str) -> str:
        return (
            f"{self._folder}: expected room for another frame, found: {found}; "
            f"the {self.frames} frames before it are recorded: free some space, or record to another disk"
        )
