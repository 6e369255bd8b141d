"""What a line looked like "as ever" with a bundle: its parts, the belt's brightness, the reference patch.

Kept in a file for each bundle, in a folder beside the journal, so a restart does not forget, and a rollback finds it.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.durable import whole_file
from edge.errors import DataError
from edge.machine import Machine
from edge.problems import first_problem
from edge.reference_patch import Picture

Tell = Callable[[str], None]


class Baseline(BaseModel):
    """What has been learnt so far. scores and sharpness: label -> a value of each part. patch: base64 of RGB bytes.

    brightness: of the empty belt, 0..255; None until it is known.
    """

    model_config = ConfigDict(extra="forbid")

    of_machine: str
    scores: dict[str, list[float]] = Field(default_factory=dict)
    sharpness: dict[str, list[float]] = Field(default_factory=dict)
    brightness: float | None = None
    patch: str | None = None

    @property
    def parts(self) -> int:
        """How many parts it has been learnt from."""
        return sum(map(len, self.scores.values()))

    @property
    def mix(self) -> dict[str, int]:
        """Parts of each label."""
        return {label: len(scores) for label, scores in self.scores.items()}

    def patch_of(self, shape: tuple[int, int, int]) -> Picture | None:
        """Return the patch; None when there is none of this shape."""
        raw = base64.b64decode(self.patch) if self.patch else b""
        return np.frombuffer(raw, np.uint8).reshape(shape).astype(np.float32) if len(raw) == np.prod(shape) else None

    def keep_patch(self, patch: Picture) -> None:
        """Take a patch."""
        self.patch = base64.b64encode(np.clip(np.rint(patch), 0, 255).astype(np.uint8).tobytes()).decode()


@dataclass(frozen=True)
class BaselineFile:
    """Where a bundle's baseline is kept. of_machine: the digest of what it depends on in the machine file.

    path None keeps it in memory, for as long as the line runs. What goes wrong costs the baseline, never the run.
    """

    path: Path | None
    of_machine: str
    tell: Tell = lambda _line: None

    def read(self) -> Baseline:
        """Return what was learnt before, if it was on this machine as it is now; else begin anew."""
        fresh = Baseline(of_machine=self.of_machine)
        if self.path is None or not self.path.exists():
            return fresh
        try:
            found = Baseline.model_validate_json(self.path.read_bytes())
            base64.b64decode(found.patch or "", validate=True)
        except (OSError, ValidationError, ValueError) as error:
            self.tell(
                f"{self.path}: expected what drift is measured by, found: {first_problem(error)}; it is learnt anew"
            )
            return fresh
        return found if found.of_machine == self.of_machine else fresh

    def write(self, baseline: Baseline) -> bool:
        """Keep what was learnt. Returns whether that worked, or need not be tried again."""
        if self.path is None:
            return True
        try:
            with whole_file(self.path, replace=True) as out:
                out.write(baseline.model_dump_json().encode())
        except (OSError, DataError) as error:
            self.tell(
                f"{self.path}: expected to keep what drift is measured by, found: {first_problem(error)}; sorting goes "
                "on, and the next start learns it anew"
            )
            return False
        return True


def baseline_file(journal: Path | None, bundle_sha256: str, machine: Machine, tell: Tell) -> BaselineFile:
    """Return where the baseline of this bundle on this machine belongs. journal: None keeps it in memory."""
    depends_on = "".join(table.model_dump_json() for table in (machine.camera, machine.finder))
    patch = machine.drift.patch_px
    of_machine = hashlib.sha256(f"{depends_on}{patch}".encode()).hexdigest()
    path = journal.with_name(f"{journal.stem}-drift") / f"{bundle_sha256[:16]}.json" if journal else None
    return BaselineFile(path, of_machine, tell)
