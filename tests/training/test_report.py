"""The report of a run: every figure in JSON, every plot a PNG, all of it on one page that needs nothing else."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from tests.installed import require_installed
from tests.training.examinations import HISTORY, SPEC, examined
from training import plots
from training.dataset import read_dataset
from training.groups import group_by_name
from training.overview import overview
from training.report import write_report

require_installed("matplotlib", "the report needs the desktop install")
require_installed("sklearn", "the report needs the desktop install")


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """The report of two classes: folder, facts, page."""
    folder = tmp_path_factory.mktemp("two")
    facts = write_report(folder, examined(tmp_path_factory.mktemp("data"), ("bolt", "nut<script>")))
    return folder, facts, (folder / "report.html").read_text()


@pytest.mark.slow
def test_every_plot_is_a_file_and_on_the_page(two):
    """Curves, overview, samples, look-alikes, confusion matrix, answers, calibration and, for two classes, ROC."""
    folder, _, page = two

    assert sorted(path.name for path in folder.iterdir()) == [
        "answers.png", "calibration.png", "confusion_matrix.png", "curves.png", "data_overview.png",
        "doubtful_labels.json", "look_alikes.png", "metrics.json", "overview.json", "per_class.txt", "report.html",
        "roc.png", "samples.png",
    ]  # fmt: skip
    for path in folder.glob("*.png"):
        with Image.open(path) as picture:
            assert picture.width > 400, path
    assert page.count("data:image/png;base64,") == 6


def test_the_page_is_self_contained(two, resources_of):
    """It opens from a memory stick: everything inside, no script, no link, no label taken for markup."""
    found = resources_of(two[2])

    assert {address[:16] for address in found.addresses} == {"data:image/webp;", "data:image/png;b"}
    assert not {"script", "link", "iframe", "object"} & set(found.tags)
    assert "nut&lt;script&gt;" in two[2]
    assert "url(" not in two[2]
    assert found.open == []


def test_a_label_that_the_font_of_the_plots_lacks_is_no_warning():
    """Boxes in the picture, the name in the tables; under these tests any warning is an error."""
    figure = plots.new_figure(2, 1)
    figure.text(0.5, 0.5, "\u30b3\u30a4\u30f3")

    assert plots.encoded(figure).startswith(b"\x89PNG")


def test_the_json_holds_every_figure(two):
    """metrics.json says what the page shows, in plain values."""
    folder, facts, _ = two
    stored = json.loads((folder / "metrics.json").read_text())

    assert stored == json.loads(json.dumps(facts))
    assert stored["accuracy"] == pytest.approx(24 / 25)
    assert stored["confusion_matrix"] == [[13, 0], [1, 11]]
    assert stored["two_classes"]["sensitivity"] == 1
    assert stored["two_classes"]["specificity"] == pytest.approx(11 / 12)
    assert stored["two_classes"]["roc"]["true_positive_rate"][-1] == 1
    assert stored["calibration"]["bins"][0]["pictures"] == 25
    assert len(stored["panel"]) == 10


def test_the_overview_names_copies_and_skipped_files(two):
    """What the pictures are, and what is odd about them."""
    data = json.loads((two[0] / "overview.json").read_text())

    assert data["pictures"] == 25
    assert data["groups"] == 24
    assert data["sizes"] == {"width_px": [24, 24, 24], "height_px": [20, 20, 20]}
    assert data["counts"]["bolt"] == {"train": 7, "test": 6}
    assert [(one["first"], one["second"], one["same_file"]) for one in data["look_alikes"]] == [
        ("bolt/a0.png", "bolt/copy.png", True)
    ]
    assert data["skipped"][0]["path"] == "nut<script>/broken.jpg"


def test_contradicted_labels_are_shown(two):
    """Path, label, answer and score of the picture the model contradicts."""
    folder, _, page = two
    (doubt,) = json.loads((folder / "doubtful_labels.json").read_text())

    assert (doubt["picture"], doubt["label"], doubt["answer"], doubt["score"]) == (
        "nut<script>/l1.png", "nut<script>", "bolt", 0.9,
    )  # fmt: skip
    section = page.split("Suspected wrong labels")[1].split("<h2>")[0]
    assert "nut&lt;script&gt;/l1.png" in section
    assert "bolt 0.900" in section


def test_the_result_and_the_warnings_come_first(two):
    """Nobody scrolls for the accuracy, or past a reason to doubt it."""
    text = " ".join(re.sub(r"<[^>]+>", " ", two[2].split("<body>")[1]).split())

    assert text.startswith("Evaluation: run-1 96.0 % of 25 test pictures answered right")
    assert text.index("Be warned.") < text.index("Class by class")


@pytest.mark.usefixtures("unrendered")
def test_what_makes_a_pair_is_said(tmp_path):
    """A copy is called the same file; a picture saved again is not."""
    (tmp_path / "out").mkdir()
    found = examined(tmp_path / "data", ("bolt", "nut"))
    with Image.open(tmp_path / "data" / "nut" / "a1.png") as picture:
        picture.resize((48, 40)).save(tmp_path / "data" / "nut" / "again.png")
    data = read_dataset(tmp_path / "data", SPEC, group_by_name)
    pictures = overview(data, {"train": [*range(20)], "test": [*range(20, 26)]}, seed=0)

    write_report(tmp_path / "out", replace(found, overview=pictures))

    section = (tmp_path / "out" / "report.html").read_text().split("Pictures that look the same")[1]
    assert section.count("the same file") == 1
    assert section.count("of 255 bits differ") == 1


def test_one_shot_under_two_labels_comes_first(tmp_path):
    """Such a pair is a wrong label for certain, however much nearer others are."""
    examined(tmp_path, ("bolt", "nut"))
    with Image.open(tmp_path / "nut" / "a1.png") as picture:
        picture.resize((48, 40)).save(tmp_path / "bolt" / "wrong.png")
    data = read_dataset(tmp_path, SPEC, group_by_name)

    found = overview(data, {"test": range(len(data.items))}, seed=0)

    assert [pair["labels"] for pair in found.as_json()["look_alikes"]] == [["bolt", "nut"], ["bolt", "bolt"]]


@pytest.mark.usefixtures("unrendered")
def test_three_classes_have_no_roc(tmp_path):
    """PPV, NPV and the ROC curve belong to two classes; no doubt is said in words."""
    (tmp_path / "out").mkdir()

    facts = write_report(tmp_path / "out", examined(tmp_path / "data", ("bolt", "nut", "screw"), wrong=0))

    page = (tmp_path / "out" / "report.html").read_text()
    assert "two_classes" not in facts
    assert not (tmp_path / "out" / "roc.png").exists()
    assert "the model agrees with the label of all 37 pictures" in " ".join(page.split())


@pytest.mark.usefixtures("unrendered")
def test_a_class_without_pictures_has_a_dash_on_the_page(tmp_path):
    """Who evaluates pictures of one of two classes reads nothing about the other, not that none of it is found."""
    (tmp_path / "out").mkdir()
    every = examined(tmp_path / "data", ("bolt", "nut"), wrong=0)
    bolts = np.flatnonzero(every.answers.truth == 0)
    only = replace(every, answers=every.answers.of(list(bolts)), items=[every.items[index] for index in bolts])

    write_report(tmp_path / "out", only)

    page = (tmp_path / "out" / "report.html").read_text()
    dash = "<td>\N{EN DASH}</td>"
    assert f'<td class="name">nut</td>{dash * 3}<td>0</td>' in page
    assert f"<td>1.000</td>{dash}<td>1.000</td>{dash}{dash}" in page


@pytest.mark.parametrize("quantity", ["accuracy", "loss"])
def test_the_legend_of_the_curves_covers_none_of_them(quantity):
    """It stands under the axes, wherever the lines go."""
    figure = plots.new_figure(5, 4)
    axes = figure.subplots()
    plots.curve(quantity, HISTORY, 2)(axes)

    figure.draw_without_rendering()
    assert axes.get_legend().get_window_extent().y1 < axes.get_window_extent().y0
