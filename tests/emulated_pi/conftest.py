"""One emulated Raspberry Pi for all tests that leave it running, and one with an emulated Pico at its serial line."""

from __future__ import annotations

import tempfile
from contextlib import closing
from pathlib import Path

import pytest

from tests.emulated_pi import python_packages
from tests.emulated_pi.image import build, missing
from tests.emulated_pi.machine import EmulatedPi
from tests.emulated_pi.pico import Pico
from tests.emulated_pi.recorded_belt import record_belt

HERE = Path(__file__).parent
LINE, BOARD_LINE = HERE / "line.toml", HERE / "board_line.toml"
PARTS, SEED, A_MINUTE = 5, 5, 15.0  # to all three gates, none held open for the next part
BOARD_PARTS, BOARD_SEED, BOARD_A_MINUTE = 20, 2, 30.0  # to all three gates, two too near each other


@pytest.fixture(scope="session")
def recording(tmp_path_factory):
    """Frames of an emulated belt with five parts."""
    folder = tmp_path_factory.mktemp("recorded") / "frames"
    return record_belt(LINE, folder, parts=PARTS, seed=SEED, rate_per_min=A_MINUTE).folder


@pytest.fixture(scope="session")
def twenty(tmp_path_factory):
    """Frames of an emulated belt with twenty parts, and that belt."""
    folder = tmp_path_factory.mktemp("recorded") / "twenty"
    return record_belt(BOARD_LINE, folder, parts=BOARD_PARTS, seed=BOARD_SEED, rate_per_min=BOARD_A_MINUTE)


@pytest.fixture(scope="session")
def product(tmp_path_factory):
    """This tree's wheel as pip installs it; or skip, where nothing could run it."""
    reason = missing()
    if reason:
        pytest.skip(reason)
    return python_packages.product(tmp_path_factory.mktemp("product"))


@pytest.fixture(scope="session")
def image(product, recording, twenty, tmp_path_factory):
    """What an emulated Pi boots: Debian, this tree's wheel with what it needs, the frames, the machine files."""
    carried = tmp_path_factory.mktemp("carried")
    (carried / "root").mkdir()
    for line in (LINE, BOARD_LINE):
        (carried / "root" / line.name).write_bytes(line.read_bytes())
    for folder in (recording, twenty.folder):
        folder.rename(carried / folder.name)
        folder.symlink_to(carried / folder.name)
    return build(tmp_path_factory.mktemp("image"), product, [carried])


@pytest.fixture(scope="session")
def pi(image):
    """An emulated Raspberry Pi 3 that has booted."""
    with closing(EmulatedPi(image)) as booted:
        yield booted


@pytest.fixture(scope="module")
def wired(image):
    """An emulated Pi that has booted, with an emulated Pico at its serial line; both keep the Pi's own time.

    Not for longer than its own tests: a Pico takes half of a core also while nothing happens.
    """
    pytest.importorskip("rp2040py", reason="needs rp2040py, the emulated RP2040")
    with tempfile.TemporaryDirectory() as folder:
        line, clock = Path(folder) / "line", Path(folder) / "clock"
        with (
            closing(Pico(line, clock)) as pico,
            closing(EmulatedPi(image, serial=f"unix:{line}", clock=clock)) as booted,
        ):
            yield booted, pico
