"""Parts of no known class: the score is chosen on known parts, and measured on foreign ones."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from edge.errors import DataError
from edge.preprocess import InputSpec
from quantize.foreign import choose_unknown, foreign_pictures, foreign_scores
from training.answers import Answers
from training.run_folder import Run

LABELS = ("bolt", "nut")
HALF = dict.fromkeys(LABELS, 0.5)


def validation(*tops: float) -> Answers:
    scores = np.array([[top, 1 - top] for top in tops], np.float32)
    return Answers(LABELS, np.zeros(len(tops), int), scores)


def test_the_score_keeps_what_it_must_of_the_known_parts():
    """99 of 100 right answers stay; wrong answers have no say."""
    tops = [0.7, *np.linspace(0.8, 0.99, 199), 0.2, 0.3]  # the last two are answered wrongly

    unknown = choose_unknown(validation(*tops), np.zeros((0, 2), np.float32), HALF)

    assert unknown.min_score == pytest.approx(0.801, abs=0.001)
    assert unknown.known_kept >= 0.99


def test_foreign_parts_are_counted_by_both_rules():
    """Below the score of known parts, or below the threshold of the label they are taken for."""
    foreign = np.array([[0.6, 0.4], [0.97, 0.03], [0.05, 0.95], [0.01, 0.99]], np.float32)

    unknown = choose_unknown(validation(0.9, 0.95, 0.98), foreign, {"bolt": 0.5, "nut": 0.97})

    assert (unknown.min_score, unknown.foreign_pictures, unknown.foreign_rejected) == (
        pytest.approx(0.9, abs=1e-5),
        4,
        2,
    )


def test_nothing_is_chosen_where_nothing_is_right():
    """A score that rejects everything helps nobody."""
    assert choose_unknown(validation(0.2, 0.3), np.ones((1, 2), np.float32), HALF).min_score == 0.0


def test_foreign_pictures_are_found_at_any_depth(tmp_path):
    """A heap of pictures needs no classes."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    for place in (tmp_path, tmp_path / "a" / "b"):
        Image.new("RGB", (20, 10), (200, 10, 10)).save(place / "p.png")
    (tmp_path / "notes.txt").write_text("no picture")
    run = Run(tmp_path, LABELS, InputSpec(width_px=8, height_px=8), 0, {})

    assert foreign_pictures(run, tmp_path) == [tmp_path / "a" / "b" / "p.png", tmp_path / "p.png"]
    assert foreign_pictures(run, None) == []


def test_foreign_pictures_are_shown_a_few_at_a_time(tmp_path):
    """Ten thousand of them must not lie in memory at once; without any there is nothing to show."""
    Image.new("RGB", (20, 10), (200, 10, 10)).save(tmp_path / "p.png")
    spec, sizes = InputSpec(width_px=8, height_px=8), []

    def score(inputs):
        sizes.append(len(inputs))
        return inputs[:, 0, 0, :2].astype(np.float32)

    scores = foreign_scores([tmp_path / "p.png"] * 150, spec, 2, score)

    assert sizes == [64, 64, 22]
    assert scores.tolist() == [[200.0, 10.0]] * 150
    assert foreign_scores([], spec, 2, score).shape == (0, 2)


def test_a_folder_without_pictures_is_told(tmp_path):
    """Rather than a share of nothing."""
    run = Run(tmp_path, LABELS, InputSpec(width_px=8, height_px=8), 0, {})

    with pytest.raises(DataError, match="expected pictures of parts of no known class, found none; correct --foreign"):
        foreign_pictures(run, tmp_path)
