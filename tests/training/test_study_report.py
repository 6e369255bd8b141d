"""What a study says: right figures, plain words, one page that needs nothing but itself."""

from __future__ import annotations

import csv
import json
import re
import statistics
from dataclasses import replace

import pytest
from PIL import Image

from training.study_progress import StudyProgress, TimeLeft, duration
from training.study_report import study_page, write_results
from training.study_results import results_of
from training.study_runs import RunName
from training.study_tables import large, recipes_table
from training.train import Epoch

ACCURACIES = {"small-cnn": [0.90, 0.92, 0.94, 0.93], "mcu-depthwise": [0.60, 0.64, 0.61, 0.63]}


def test_figures_of_a_recipe(studied):
    """Mean, deviation, extremes and cost; the interval is the corrected one: 2 of 20 pictures tested, 14 trained on."""
    found = results_of(studied(ACCURACIES)).recipes[0]

    own = ACCURACIES["small-cnn"]
    assert (found.lowest, found.highest, found.seconds) == (0.90, 0.94, 21)
    assert found.accuracy.mean == pytest.approx(statistics.fmean(own))
    assert found.macro_f1 == pytest.approx(statistics.fmean(own) - 0.01)
    assert found.confusion.tolist() == [[369, 0], [31, 0]]
    assert found.cost.multiply_accumulates == 2_000_000
    assert found.test_to_train == pytest.approx(2 / 14)
    reach = 3.182446 * statistics.stdev(own) * (1 / 4 + 2 / 14) ** 0.5  # Student's t, 3 degrees of freedom
    assert found.accuracy.interval == pytest.approx((found.accuracy.mean - reach, found.accuracy.mean + reach))


def test_a_clear_difference_is_called_one(studied):
    """Thirty points in every seed, hardly any spread."""
    best = results_of(studied(ACCURACIES)).best_two

    assert (best.first, best.second, best.ahead, best.same_pictures) == ("small-cnn", "mcu-depthwise", 4, True)
    assert best.difference.p < 0.01
    assert best.verdict == "small-cnn is better than mcu-depthwise; chance alone hardly explains it"


@pytest.mark.parametrize(
    ("first", "second", "verdict"),
    [
        ([0.9, 0.7, 0.8], [0.8, 0.8, 0.75], "The difference between small-cnn and mcu-depthwise may be chance"),
        ([0.75], [0.5], "One common seed cannot tell whether small-cnn and mcu-depthwise differ or were lucky"),
        ([0.75, 0.75], [0.5, 0.5], "small-cnn is ahead of mcu-depthwise by the same +25.0 percentage points on each"),
        ([0.75, 0.75], [0.75, 0.75], "small-cnn and mcu-depthwise are equally good on average"),
        ([0.75, None, None], [None, 0.5, 0.5], None),
        ([0.75, 0.9, None], [0.5, None, 0.5], "One common seed cannot tell"),
    ],
)
def test_the_verdict_in_plain_words(studied, first, second, verdict):
    """No claim without a spread; only common seeds are paired."""
    best = results_of(studied({"small-cnn": first, "mcu-depthwise": second})).best_two

    assert best is None if verdict is None else best.verdict.startswith(verdict)


def test_who_is_ahead_is_said_of_the_common_seeds(studied):
    """A lucky seed of its own makes a recipe's mean the higher one, but does not count in the pairs."""
    best = results_of(studied({"small-cnn": [0.5, 0.99], "mcu-depthwise": [0.6, None]})).best_two

    assert (best.first, best.seeds, best.difference.mean) == ("mcu-depthwise", (0,), pytest.approx(0.1))


def test_recipes_that_divide_differently_are_told(request_for, studied):
    """Then part of the difference is that of the tests."""
    study = studied({"small-cnn": [0.9, 0.8], "paper1-sgd": [0.8, 0.75]})

    results = results_of(study)

    assert not results.best_two.same_pictures
    assert "better than" not in results.best_two.verdict
    assert "were not tested on the same pictures" in results.warnings[0]


@pytest.mark.usefixtures("unrendered")
def test_missing_runs_are_told(studied):
    """The means are not over the same seeds, and the page says why a run is missing."""
    study = studied({"small-cnn": [0.9, None], "mcu-depthwise": [0.8, 0.7]})
    write_results(results_of(study))

    page = (study.folder / "report.html").read_text()
    assert "1 of 4 runs are missing" in page
    assert "small-cnn, seed 1" in page.split("<h2>Runs that failed</h2>")[1].split("<h2>")[0]
    assert "killed by the system" in page


@pytest.mark.usefixtures("unrendered")
def test_what_was_changed_of_a_shipped_recipe_is_told(studied):
    """Its summary speaks of the recipe as it ships."""
    pages = []
    for name, changes in (("a", None), ("b", {"epochs": 3, "input": {"width_px": 48}})):
        study = studied({"small-cnn": [0.9]}, name, changes=changes)
        write_results(results_of(study))
        pages.append((study.folder / "report.html").read_text())
    assert "As compared here" not in pages[0]
    assert "As compared here: epochs = 3, input.width_px = 48." in pages[1]


def test_nothing_but_failures_still_gives_a_page(studied):
    """Who finds the folder finds the reasons."""
    study = studied({"small-cnn": [None]})

    write_results(results_of(study))

    assert "No run ended well" in (study.folder / "report.html").read_text()
    assert json.loads((study.folder / "results.json").read_text())["recipes"] == []


@pytest.mark.slow
def test_all_files_are_there_and_agree(studied):
    """CSV and JSON hold the figures of the page, plots have a size."""
    study = studied(ACCURACIES)
    write_results(results_of(study))

    facts = json.loads((study.folder / "results.json").read_text())
    rows = list(csv.DictReader((study.folder / "runs.csv").read_text().splitlines()))
    assert [(row["recipe"], row["seed"], float(row["accuracy"])) for row in rows[:3]] == [
        ("small-cnn", "0", 0.90), ("mcu-depthwise", "0", 0.60), ("small-cnn", "1", 0.92),
    ]  # fmt: skip
    assert len(rows) == len(facts["runs"]) == 8
    assert rows[0]["run"] == "runs/small-cnn-seed0"
    assert rows[0]["ppv"] == "0.5"
    assert [one["mean"] for one in facts["recipes"]] == pytest.approx([0.9225, 0.62])
    assert facts["recipes"][0]["two_classes"]["auc"] == pytest.approx(0.9)
    assert facts["best_two"]["verdict"].startswith("small-cnn is better")
    for name in ("accuracy.png", "learning_curves.png"):
        with Image.open(study.folder / name) as picture:
            assert picture.width > 1000


@pytest.mark.usefixtures("unrendered")
def test_the_page_is_self_contained(studied, resources_of):
    """It opens from a memory stick: no script, no link, no label taken for markup, every tag closed."""
    study = studied({"paper1-sgd": [0.9, 0.8], "mcu-depthwise": [0.8, 0.75]})
    write_results(results_of(study))

    page = (study.folder / "report.html").read_text()
    found = resources_of(page)
    assert {address[:16] for address in found.addresses} == {"data:image/png;b"}
    assert not {"script", "link", "iframe", "object", "a"} & set(found.tags)
    assert found.open == []
    assert "nut&lt;b&gt;" in page
    text = " ".join(re.sub(r"<[^>]+>", " ", page.split("<body>")[1]).split())
    assert text.startswith("Comparison: study, on 20 pictures of data The difference between")
    assert "The paper reports an accuracy of 0.78" in text  # the recipe's own note
    assert "Positive is bolt, negative is nut" in text


@pytest.mark.usefixtures("unrendered")
def test_the_page_of_one_recipe_states_its_mean(studied):
    """Ten runs of one network are a study too."""
    study = studied({"small-cnn": [0.9, 0.8, 0.85]})
    write_results(results_of(study))

    assert "small-cnn: 85.0 % right on average over 3 runs" in (study.folder / "report.html").read_text()


def test_the_table_has_a_row_per_recipe(studied):
    """Aligned, with large counts as people say them."""
    lines = recipes_table(results_of(studied(ACCURACIES))).splitlines()

    assert lines[0].split()[:3] == ["recipe", "runs", "mean"]
    assert lines[1].split()[:3] == ["small-cnn", "4", "92.2"]
    assert len({len(line) for line in lines}) == 1
    assert [large(count) for count in (None, 999, 31_000, 300_774_272, 15_470_264_320)] == [
        "\N{EN DASH}", "999", "31.0 k", "301 M", "15.5 G",
    ]  # fmt: skip


def test_progress_tells_each_run_and_what_is_left(studied, capsys):
    """Plain lines where no terminal is; a failed run is called so."""
    studied({"small-cnn": [0.9, None], "mcu-depthwise": [0.8, 0.7]})

    told = capsys.readouterr().err.splitlines()
    assert told[0] == "4 runs"
    assert re.fullmatch(r"run 1/4, small-cnn, seed 0: accuracy 0\.900 after 0\.\d s, about 0\.\d s left", told[1])
    assert re.fullmatch(r"run 3/4, small-cnn, seed 1: failed after .*", told[3])
    assert re.fullmatch(r"run 4/4, mcu-depthwise, seed 1: accuracy 0\.700 after 0\.\d s", told[4])


def test_time_left_knows_slow_recipes_from_quick_ones():
    """A run takes what runs of its recipe took; one never seen takes the mean of the others."""
    left = TimeLeft()
    quick, slow, unseen = (RunName(1, recipe) for recipe in ("quick", "slow", "unseen"))
    assert left.of([quick]) is None

    for seconds in (10, 20):
        left.saw("quick", seconds)
    left.saw("slow", 105)

    assert left.of([quick, slow]) == 120
    assert left.of([unseen]) == 60
    assert [duration(seconds) for seconds in (0.35, 45, 150, 8100)] == ["0.3 s", "45 s", "2 min", "2 h 15 min"]


def test_a_folder_divided_already_tells_nothing_about_other_pictures(studied):
    """All runs have one test set: the ordinary interval, and a warning what it is an interval of."""
    study = studied(ACCURACIES)
    tested = frozenset({"bolt/1.png", "nut<b>/1.png"})
    fixed = replace(study, runs={name: replace(run, tested=tested) for name, run in study.runs.items()})

    results = results_of(fixed)

    own = ACCURACIES["small-cnn"]
    reach = 3.182446 * statistics.stdev(own) / 4**0.5
    low, high = results.recipes[0].accuracy.interval
    assert (high - low) / 2 == pytest.approx(reach)
    assert "say nothing about other pictures" in " ".join(results.warnings)
    page = study_page(results)
    assert "All runs have the same test pictures" in page
    assert "Nadeau" not in page
    assert "which decides where the training starts" in page


def test_a_test_that_flatters_is_told(studied):
    """A folder that was divided beforehand may show the network in the test what it was trained on."""
    study = studied(ACCURACIES)
    leaky = replace(study, runs={name: replace(run, leak="2 of 4 test pictures") for name, run in study.runs.items()})

    results = results_of(leaky)

    assert results.warnings.count("2 of 4 test pictures") == 1
    assert "2 of 4 test pictures." in study_page(results)


def test_on_a_terminal_a_bar_counts_the_epochs(monkeypatch, capsys):
    """Also after it has counted the pictures being read."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    name = RunName(1, "small-cnn")

    with StudyProgress() as progress:
        progress.begins([name], {})
        progress.run_begins(name, 30)
        progress.read(20, 20)
        progress.epoch(Epoch(7, 0.5, 0.5, 0.5, 0.875, 0.1))

    told = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", capsys.readouterr().err)
    assert re.search(r"small-cnn, seed 1: epochs \S+ +7/30 +validation 0\.875", told)
