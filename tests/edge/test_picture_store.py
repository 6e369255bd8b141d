"""Pictures of doubtful parts stay within their limit, survive a kill, and never end a run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edge.picture_store import PictureStore
from edge.pictures import read_picture


def picture(seed=0, side=24):
    return np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_picture_is_kept_without_loss(tmp_path):
    """What is labelled later is what the classifier saw."""
    store = PictureStore(tmp_path / "pictures", 100_000)
    name = store.keep(3, 17, picture())
    assert name == "0000000001-run3-part17.png"
    assert np.array_equal(read_picture(tmp_path / "pictures" / name), picture())


def test_the_oldest_make_room(tmp_path):
    """Also those of an earlier start, whatever the numbers of run and part."""
    first = PictureStore(tmp_path, 8_000)
    for part in range(3):
        first.keep(9, part, picture(part))
    second = PictureStore(tmp_path, 8_000)
    for part in range(2):
        second.keep(1, part, picture(part))
    assert names(tmp_path) == [
        "0000000002-run9-part1.png",
        "0000000003-run9-part2.png",
        "0000000004-run1-part0.png",
        "0000000005-run1-part1.png",
    ]


@given(sides=st.lists(st.integers(8, 60), min_size=1, max_size=20), limit=st.integers(500, 20_000))
def test_the_limit_is_never_exceeded(tmp_path_factory, sides, limit):
    """Whatever the sizes; a picture larger than the limit is not kept at all."""
    folder = tmp_path_factory.mktemp("pictures")
    store = PictureStore(folder, limit)
    for number, side in enumerate(sides):
        name = store.keep(1, number, picture(number, side))
        assert sum(path.stat().st_size for path in folder.iterdir()) <= limit
        assert name is None or (folder / name).exists()


def test_files_of_others_are_left_alone(tmp_path):
    """Only what the store wrote is counted and removed."""
    (tmp_path / "notes.txt").write_bytes(b"x" * 5000)
    (tmp_path / "0000000001-run1-part1.jpg").write_bytes(b"x" * 5000)
    store = PictureStore(tmp_path, 3_000)
    for part in range(4):
        store.keep(1, part, picture(part))
    assert {"notes.txt", "0000000001-run1-part1.jpg", "0000000004-run1-part3.png"} <= set(names(tmp_path))


def test_a_full_disk_costs_pictures_not_the_run(tmp_path, monkeypatch):
    """It is told once, and every lost picture is counted."""
    told = []
    (tmp_path / "pictures").write_text("a file where the folder should be")
    store = PictureStore(tmp_path / "pictures", 100_000, told.append)
    assert [store.keep(1, part, picture()) for part in range(3)] == [None] * 3
    assert store.lost == 3
    assert len(told) == 1
    assert "journal.pictures_mb" in told[0]


def test_a_picture_somebody_took_away_is_no_trouble(tmp_path):
    """People move pictures to label them."""
    store = PictureStore(tmp_path, 4_000)
    (tmp_path / store.keep(1, 1, picture())).unlink()
    for part in range(2, 6):
        assert store.keep(1, part, picture(part))
    assert store.lost == 0


def test_a_killed_process_leaves_only_whole_pictures(tmp_path):
    """After SIGKILL at any moment every picture can be read, and the next start clears the rest away."""
    script = """
import sys
from pathlib import Path
from edge.picture_store import PictureStore
from tests.edge.test_picture_store import picture
store = PictureStore(Path(sys.argv[1]), 2_000_000)
for part in range(100_000):
    store.keep(1, part, picture(part % 7, 200))
    print(part, flush=True)
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], env=environment, stdout=subprocess.PIPE, text=True
    )
    for _ in range(25):
        process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    process.communicate()
    kept = [name for name in names(tmp_path) if name.startswith("0")]
    assert len(kept) >= 10
    assert all(read_picture(tmp_path / name).shape == (200, 200, 3) for name in kept)
    (tmp_path / ".draft.png").write_bytes(b"half a picture")
    PictureStore(tmp_path, 2_000_000)
    assert names(tmp_path) == kept
