"""A checkpoint is whole or absent, comes back as it was, and does not cost more time than it saves."""

from __future__ import annotations

import errno

import numpy as np
import pytest

from edge.errors import DataError
from training import checkpoints as module
from training.checkpoints import CHECKPOINT_FILE, Checkpoint, Checkpoints, load_checkpoint, save_checkpoint
from training.history import Epoch

EPOCHS = tuple(Epoch(n, 1 / n, 0.5, 2 / n, 0.4, 0.1) for n in (1, 2, 3))


def checkpoint(kept: int = 2) -> Checkpoint:
    variables = [np.arange(6, dtype=np.float32).reshape(2, 3), np.array(7, np.uint32), np.zeros((0, 2), np.float32)]
    return Checkpoint(1, EPOCHS, 2, kept, variables, [np.array(12, np.int64)], [np.float32(n) for n in range(12)])


class Hand:
    """A clock moved by hand."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_a_checkpoint_comes_back_as_it_was(tmp_path):
    """Numbers, shapes and kinds, in their order, beyond ten as well."""
    save_checkpoint(tmp_path, checkpoint())

    found = load_checkpoint(tmp_path)

    assert (found.stage, found.history, found.own_epochs, found.kept) == (1, EPOCHS, 2, 2)
    for part in ("variables", "optimizer", "kept_weights"):
        before, after = getattr(checkpoint(), part), getattr(found, part)
        assert len(before) == len(after)
        for one, other in zip(before, after, strict=True):
            assert one.dtype == other.dtype
            np.testing.assert_array_equal(one, other)


def test_a_full_disk_leaves_the_checkpoint_before(tmp_path, monkeypatch):
    """The new one is written aside; where it finds no room, nothing is lost and nothing is left lying about."""
    save_checkpoint(tmp_path, checkpoint(kept=1))

    def full(file, **_arrays):
        file.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module.np, "savez", full)
    with pytest.raises(OSError, match="No space left"):
        save_checkpoint(tmp_path, checkpoint(kept=2))

    assert load_checkpoint(tmp_path).kept == 1
    assert [path.name for path in tmp_path.iterdir()] == [CHECKPOINT_FILE]


@pytest.mark.parametrize("damage", [lambda raw: raw[: len(raw) // 2], lambda raw: b"", lambda raw: b"not a zip"])
def test_a_damaged_checkpoint_is_told(tmp_path, damage):
    """One sentence names the file and what to do."""
    save_checkpoint(tmp_path, checkpoint())
    path = tmp_path / CHECKPOINT_FILE
    path.write_bytes(damage(path.read_bytes()))

    with pytest.raises(DataError, match=rf"{CHECKPOINT_FILE}: expected the state of a stopped training.*delete"):
        load_checkpoint(tmp_path)


def test_saving_takes_a_twentieth_of_the_time_at_most(tmp_path):
    """Epochs of a hundredth of a second are not each followed by a write; a slow disk is written to seldom."""
    clock, writes = Hand(), []
    keeps = Checkpoints(tmp_path, clock)

    def slow() -> Checkpoint:
        writes.append(clock.now_s)
        clock.now_s += 2.0  # what writing takes
        return checkpoint()

    for _ in range(10_000):
        clock.now_s += 0.01
        keeps.offer(slow)

    gaps = np.diff(writes)
    assert writes[0] == pytest.approx(5, abs=0.02)
    assert len(writes) == 3
    assert (2.0 / gaps <= 0.05).all()


def test_without_a_folder_nothing_is_kept():
    """Who trains for a benchmark has nothing to resume."""
    clock = Hand()
    keeps = Checkpoints(None, clock)
    clock.now_s = 100.0

    keeps.offer(lambda: pytest.fail("asked for a checkpoint that nobody keeps"))

    assert keeps.found() is None
