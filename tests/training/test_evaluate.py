"""Metrics, tables and plots from answers alone, without a network."""

from __future__ import annotations

import io
import json
from dataclasses import asdict

import numpy as np
import pytest
from PIL import Image

from tests.installed import require_installed
from training.evaluate import evaluate
from training.tables import per_class_table, two_classes_line
from training.two_classes import rates

require_installed("sklearn", "metrics need the desktop install")


def from_confusion(matrix: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    """Truth and answers that give this confusion matrix."""
    pairs = [(row, column) for row, column in np.ndindex(np.shape(matrix)) for _ in range(matrix[row][column])]
    truth, answers = np.array(pairs, dtype=np.int64).T
    return truth, answers


@pytest.mark.parametrize(
    ("matrix", "published"),
    [
        ([[253, 1], [3, 253]], (0.992, 0.988, 0.996, 0.996, 0.988)),
        ([[252, 2], [6, 250]], (0.984, 0.977, 0.992, 0.992, 0.977)),
    ],
)
def test_published_confusion_matrices_give_the_published_figures(matrix, published):
    """Paper 2, runs 1 and 3: accuracy, PPV, NPV, sensitivity and specificity, part A being positive."""
    evaluation = evaluate(*from_confusion(matrix), ("part_a", "part_b"))

    found = rates(evaluation)
    figures = (found.accuracy, found.ppv, found.npv, found.sensitivity, found.specificity)
    assert tuple(round(figure, 3) for figure in figures) == published
    assert (found.positive, found.negative) == ("part_a", "part_b")
    assert [scores.support for scores in evaluation.per_class.values()] == [254, 256]
    assert evaluation.confusion.tolist() == matrix


def test_published_table_of_five_classes_is_consistent_with_ours():
    """Paper 1, Adam: a screw found 49 times of 100 with precision 0.98 has the published F1 of 0.65."""
    labels = ("clip", "coin", "key", "nut", "screw")
    matrix = np.diag([100, 99, 100, 100, 49])
    matrix[1, 4], matrix[4, 0] = 1, 51

    screw = evaluate(*from_confusion(matrix.tolist()), labels).per_class["screw"]

    assert (round(screw.precision, 2), screw.recall, round(screw.f1, 2), screw.support) == (0.98, 0.49, 0.65, 100)


def test_class_without_pictures_does_not_pull_the_averages():
    """Who evaluates on some of the classes hears about these."""
    evaluation = evaluate(np.array([0, 0, 1, 1]), np.array([0, 0, 1, 1]), ("bolt", "nut", "washer"))

    assert evaluation.macro.recall == evaluation.weighted.f1 == 1
    assert evaluation.per_class["washer"].support == 0


def test_class_that_is_never_answered_scores_zero():
    """No answer, no precision: 0 and no warning, and the class keeps its place in the matrix."""
    evaluation = evaluate(np.array([0, 1, 2]), np.array([0, 1, 1]), ("bolt", "nut", "washer"))

    assert evaluation.per_class["washer"].precision == 0
    assert evaluation.confusion.shape == (3, 3)
    assert evaluation.macro.recall == pytest.approx(2 / 3)


def test_facts_are_plain_json():
    """metrics.json holds what other tools look for."""
    facts = json.loads(json.dumps(evaluate(*from_confusion([[3, 1], [0, 4]]), ("bolt", "nut")).as_json()))

    assert facts["accuracy"] == 0.875
    assert facts["labels"] == ["bolt", "nut"]
    assert facts["per_class"]["bolt"]["support"] == 4
    assert facts["confusion_matrix"] == [[3, 1], [0, 4]]


def test_table_lines_up():
    """Every row of the per-class table ends in the same column, however long a label is."""
    table = per_class_table(evaluate(*from_confusion([[3, 1], [0, 4]]), ("bolt", "hexagon socket head cap screw")))

    rows = [line for line in table.splitlines() if line]
    assert len({len(row) for row in rows}) == 1
    assert rows[1].split() == ["bolt", "1.000", "0.750", "0.857", "4"]


def test_confusion_matrix_is_drawn_for_many_classes():
    """The picture grows with the classes."""
    pytest.importorskip("matplotlib", reason="plots need the desktop install")
    from training.plots import confusion_matrix

    sides = []
    for classes in (2, 12):
        truth = np.arange(classes)
        drawn = confusion_matrix(evaluate(truth, truth, [f"class {n}" for n in range(classes)]), "Test")
        with Image.open(io.BytesIO(drawn)) as picture:
            sides.append(picture.width)
    assert sides[1] > sides[0] > 300


def test_a_class_without_pictures_gets_no_figures_in_the_table():
    """A recall of 0 would accuse the model of what nobody asked it."""
    table = per_class_table(evaluate(np.array([0, 0]), np.array([0, 0]), ("bolt", "nut")))

    rows = {line.split()[0]: line.split()[1:] for line in table.splitlines() if line}
    assert rows["nut"] == ["-", "-", "-", "0"]
    assert rows["bolt"] == ["1.000", "1.000", "1.000", "2"]


def test_a_class_without_pictures_has_no_figures_in_json():
    """Null, where 0.0 would be read as a class that is never found; also among the figures of two classes."""
    evaluation = evaluate(np.array([0, 0]), np.array([0, 1]), ("bolt", "nut"))

    facts = evaluation.as_json()["per_class"]
    assert facts["nut"] == {"precision": None, "recall": None, "f1": None, "support": 0}
    assert facts["bolt"]["recall"] == 0.5
    found = rates(evaluation)
    assert (found.sensitivity, found.specificity, found.npv) == (0.5, None, None)
    line = two_classes_line({**asdict(found), "auc": None})
    assert line == "positive bolt: PPV 1.000, NPV -, sensitivity 0.500, specificity -"
