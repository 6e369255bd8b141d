"""Pictures of doubtful parts, within a size limit: when it is reached, the oldest make room."""

from __future__ import annotations

import io
import re
from collections import deque
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from edge.problems import first_problem

_NAME = re.compile(r"(\d{10})-run(\d+)-part(\d+)\.png")
_DRAFT = ".draft.png"


class PictureStore:
    """A folder of PNG files named after run and part. Files of other names in it are neither counted nor removed.

    A picture is there whole or not at all, whenever the process is killed. What goes wrong costs pictures, never the
    run: `tell` hears of the first failure, `lost` counts them all.
    """

    def __init__(self, folder: Path, max_bytes: int, tell: Callable[[str], None] = lambda _line: None) -> None:
        """max_bytes: of all pictures together. The folder is made with the first one."""
        self._folder, self._max_bytes, self._tell = folder, max_bytes, tell
        self._kept: deque[tuple[Path, int]] = deque(self._found())
        self._bytes = sum(size for _, size in self._kept)
        self._next = int(self._kept[-1][0].name[:10]) + 1 if self._kept else 1
        self.lost = 0

    def keep(self, run: int, part: int, image: NDArray[np.uint8]) -> str | None:
        """Write a picture, (H, W, 3) uint8, and return its file's name; None when that failed or it is too large."""
        path = self._folder / f"{self._next:010d}-run{run}-part{part}.png"
        draft = self._folder / _DRAFT
        encoded = io.BytesIO()
        Image.fromarray(image).save(encoded, "PNG", compress_level=1)
        size = encoded.tell()
        if size > self._max_bytes:
            return None
        try:
            self._folder.mkdir(exist_ok=True)
            while self._bytes + size > self._max_bytes:
                self._drop_oldest()
            draft.write_bytes(encoded.getbuffer())
            draft.rename(path)
        except OSError as error:
            self._lose(error)
            return None
        self._kept.append((path, size))
        self._bytes += size
        self._next += 1
        return path.name

    def _drop_oldest(self) -> None:
        path, size = self._kept[0]
        path.unlink(missing_ok=True)  # a person may have taken it away
        self._kept.popleft()
        self._bytes -= size

    def _lose(self, error: OSError) -> None:
        self.lost += 1
        if self.lost == 1:
            self._tell(
                f"{self._folder}: expected to keep pictures of doubtful parts, found: {first_problem(error)}; "
                "sorting goes on without them: free some space or set journal.pictures_mb = 0"
            )

    def _found(self) -> list[tuple[Path, int]]:
        """Return what an earlier run left, the oldest first, without what a kill left half written."""
        try:
            (self._folder / _DRAFT).unlink(missing_ok=True)
            files = sorted(path for path in self._folder.iterdir() if _NAME.fullmatch(path.name))
            return [(path, path.stat().st_size) for path in files]
        except OSError:  # no folder yet, or one that `keep` will complain of
            return []
