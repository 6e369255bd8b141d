"""One emulated Raspberry Pi for all tests that leave it running."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from edge.emulated_world import EmulateOptions
from edge.machine import read_machine
from edge.record import RecordLimits, record_emulated
from tests.emulated_pi.image import build, missing
from tests.emulated_pi.machine import EmulatedPi

LINE = Path(__file__).with_name("line.toml")
PARTS, SEED, A_MINUTE = 5, 5, 15.0  # to all three gates, none held open for the next part


@pytest.fixture(scope="session")
def recording(tmp_path_factory):
    """Frames of an emulated belt with five parts."""
    folder = tmp_path_factory.mktemp("recorded") / "frames"
    options = EmulateOptions(machine=read_machine(LINE), count=PARTS, seed=SEED, rate_per_min=A_MINUTE)
    record_emulated(options, folder, RecordLimits(None, None, 0))
    return folder


@pytest.fixture(scope="session")
def image(recording, tmp_path_factory):
    """What an emulated Pi boots: Debian, this tree's wheel with what it needs, the frames, the machine file."""
    reason = missing()
    if reason:
        pytest.skip(reason)
    carried = tmp_path_factory.mktemp("carried")
    (carried / "root").mkdir()
    (carried / "root/line.toml").write_bytes(LINE.read_bytes())
    recording.rename(carried / "frames")
    recording.symlink_to(carried / "frames")
    return build(tmp_path_factory.mktemp("image"), [carried])


@pytest.fixture(scope="session")
def pi(image):
    """An emulated Raspberry Pi 3 that has booted."""
    with closing(EmulatedPi(image)) as booted:
        yield booted
