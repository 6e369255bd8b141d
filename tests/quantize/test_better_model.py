"""What a person says of a weak model's parts makes the next model better: the whole way, on the emulated line."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from edge.cli import cli
from edge.emulate import run_emulated
from edge.emulated_world import EmulateOptions
from edge.journal_file import opened_to_read
from edge.line_report import records_of
from edge.machine import read_machine
from edge.review import answer, waiting_parts

LABELS = ("part_a", "part_b", "screw")  # the first two look much alike
QUICK = ("--recipe", "small-cnn", "--epochs", "20", "--size", "64", "--batch", "8")


def run(*words):
    done = CliRunner().invoke(cli, [*map(str, words)])
    assert done.exit_code == 0, done.output
    return done


def photographs(folder, *, sessions, count, seed):
    for label in LABELS:
        for session in range(sessions):
            run("capture", "--emulate", "--label", label, "--out", folder, "--count", count, "--seed", seed + session)


def accuracy(trained, held):
    return json.loads(run("evaluate", trained, held, "--json").stdout)["accuracy"]


@pytest.mark.slow
@pytest.mark.usefixtures("unrendered")
# Keras 3 saves and loads its variables through an __array__ without the copy keyword of numpy 2.
@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning")
def test_a_reviewed_shift_of_a_weak_model_makes_the_next_one_better(tmp_path):
    """Photograph little, train, sort, review what was doubtful, train again: measured on parts none of them has seen.

    The person is played by the emulator, which knows what every part is.
    """
    data, held, journal = tmp_path / "data", tmp_path / "held", tmp_path / "journal.sqlite"
    photographs(data, sessions=3, count=5, seed=10)
    photographs(held, sessions=1, count=30, seed=900)
    run("train", data, "--out", tmp_path / "run1", *QUICK)
    run("quantize", tmp_path / "run1", "--out", tmp_path / "bundle", "--force")
    described = run("machine", "--bundle", tmp_path / "bundle").output.replace(
        'kind = "picamera2"', 'kind = "emulated"'
    )
    (tmp_path / "machine.toml").write_text(described.replace("audit_share = 0.01", "audit_share = 0.5"))
    sorted_ = run_emulated(
        EmulateOptions(
            bundle=tmp_path / "bundle",
            machine=read_machine(tmp_path / "machine.toml"),
            fast=True,
            count=130,
            rate_per_min=40,
            seed=77,
            journal=journal,
        )
    )
    labels = {part.number: part.label for part, _ in sorted_.ended}
    records = records_of([part for part, _ in sorted_.ended], sorted_.rows)
    truth = {row["part"]: labels[number] for number, row in records.items()}
    with opened_to_read(journal) as db:
        waiting = list(waiting_parts(db, journal))
        for part in waiting:
            answer(db, journal, part, truth.get(part.part, "unknown"), "the emulator")
    assert len(waiting) > 60
    exported = run("review", journal, "--export", data).output
    assert "0 there already" in exported
    run("train", data, "--out", tmp_path / "run2", *QUICK)
    before, after = accuracy(tmp_path / "run1", held), accuracy(tmp_path / "run2", held)
    print(f"accuracy on {30 * len(LABELS)} parts neither has seen: {before:.3f} -> {after:.3f}")
    assert after > before + 0.1
