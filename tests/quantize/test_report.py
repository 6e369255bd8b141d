"""The report: verdict first, nothing fetched, nothing executed, nothing left out."""

import json
import re
from pathlib import Path

import pytest

pytest.importorskip("jinja2", reason="jinja2 comes with the desktop install")

from quantize.edgetpu import EdgeTpuModel
from quantize.edgetpu_log import Row
from quantize.report import FLIPS_SHOWN, report_json, report_object, report_page
from tests.quantize.judgements import LABELS, judged, pictures_on_disk


@pytest.fixture
def test_items(tmp_path):
    """Twenty real pictures on disk."""
    return pictures_on_disk(tmp_path)


def test_the_page_is_self_contained(test_items, resources_of):
    """It opens from a memory stick on a machine without a network: all pictures inside, no script, no link."""
    page = report_page(judged(), test_items)
    found = resources_of(page)

    assert sorted(address.partition(";")[0] for address in found.addresses) == [
        *["data:image/png"] * 3,
        "data:image/webp",
    ]
    assert not {"script", "link", "iframe", "object"} & set(found.tags)
    assert "url(" not in page
    assert "@import" not in page
    assert found.open == []


@pytest.mark.usefixtures("unrendered")
def test_labels_and_names_are_text_not_markup(test_items):
    """A folder may be called anything."""
    page = report_page(judged(), test_items)

    assert "nut<script>" not in page
    assert "nut&lt;script&gt;" in page


@pytest.mark.usefixtures("unrendered")
def test_the_verdict_comes_first(test_items):
    """Nobody scrolls to learn whether the model may go to the line."""
    body = report_page(judged(wrong_after=5), test_items).split("<body>")[1]
    text = re.sub(r"<[^>]+>", " ", body)

    assert text.split()[:8] == ["Float", "against", "integer:", "run-1", "Refused", "The", "integer", "model"]


@pytest.mark.usefixtures("unrendered")
def test_every_flip_is_shown(test_items):
    """Five changed answers are five pictures, each with both scores."""
    page = report_page(judged(wrong_after=5), test_items)

    assert page.count("<li><img") == 5
    assert page.count("0.875</span>") == page.count("0.750</span>") == 5


@pytest.mark.usefixtures("unrendered")
def test_only_so_many_flips_are_pictures_and_the_others_are_counted(test_items):
    """A page of ten thousand pictures must open: what int8 made wrong is shown first, what is left out is said."""
    many = judged(wrong_after=FLIPS_SHOWN + 30, max_drop=1, pictures=FLIPS_SHOWN + 40)

    page = " ".join(report_page(many, test_items * 10).split())

    assert page.count("<li><img") == FLIPS_SHOWN
    assert f"answer {FLIPS_SHOWN + 30} test pictures differently. Here are {FLIPS_SHOWN} of them" in page
    assert "30 are left out here and stand in report.json" in page
    assert len(report_object(many)["flips"]) == FLIPS_SHOWN + 30


@pytest.mark.usefixtures("unrendered")
def test_what_one_answer_costs_is_said(test_items):
    """Multiply-accumulates, beside bytes and milliseconds."""
    page = report_page(judged(), test_items)

    assert "1.23 M MACs" in page
    assert "1,234,567 multiply-accumulates make one answer" in page


@pytest.mark.usefixtures("unrendered")
def test_notes_on_other_pictures_stand_on_the_page(test_items):
    """Then it no longer claims that nothing was trained on them."""
    page = report_page(judged(notes=("7 of <20> pictures helped",)), test_items)

    assert "7 of &lt;20&gt; pictures helped." in page
    assert "which neither training nor calibration used" not in page
    assert "which neither training nor calibration used" in report_page(judged(), test_items)


@pytest.mark.usefixtures("unrendered")
def test_no_flip_is_said_in_words(test_items):
    """An empty gallery would look like a fault."""
    assert "None: both models give the same answer to all 20 test pictures" in report_page(judged(0), test_items)


def test_the_json_holds_what_scripts_rely_on():
    """The keys that the command promises, in a form any JSON reader takes."""
    found = json.loads(report_json(judged(wrong_after=2, max_drop=0.2)))

    assert found["verdict"] == "accepted"
    assert (found["accuracy_float"], found["accuracy_int8"], found["drop"]) == (1.0, 0.9, 0.1)
    assert [flip["picture"] for flip in found["flips"]] == ["p/0.png", "p/1.png"]
    assert [row["label"] for row in found["per_class"]] == list(LABELS)
    assert found["thresholds"][0]["validation"]["of_label"] == 10


@pytest.mark.parametrize(("lost", "limit", "accepted"), [(1, 0.05, True), (2, 0.05, False), (0, 0.0, True)])
def test_the_limit_is_counted_in_pictures(lost, limit, accepted):
    """Exactly the limit is allowed: 1 of 20 is 0.05, however floating point rounds it."""
    assert judged(wrong_after=lost, max_drop=limit).accepted is accepted


def test_a_refusal_says_what_to_try():
    """The remedy names a limit that would accept, and says when one picture weighs more than the limit."""
    refusal = judged(wrong_after=3, max_drop=0.01).refusal

    advice = "; ".join(refusal.advice)
    assert "one of 20 test pictures weighs 0.0500" in advice
    assert "accept the loss with --max-drop 0.150" in advice
    assert advice.endswith("insist with --force")
    assert judged(wrong_after=3, max_drop=0.15).refusal is None
    assert judged(wrong_after=3, max_drop=0.01, forced=True).refusal is None


def test_an_unreachable_purity_is_explained(test_items):
    """The page says which bin cannot be as pure as asked, and what can be had."""
    page = " ".join(report_page(judged(wrong_after=5, max_drop=1, purity=0.99), test_items).split())

    assert "purity not reached" in page
    assert "No threshold reached 99.0 %:</p>" in page
    assert "<li>for bolt the best is 77.8 %</li>" in page


@pytest.mark.usefixtures("unrendered")
def test_a_model_for_the_edge_tpu_has_its_share_and_its_table_on_the_page(test_items, resources_of):
    """What runs where, by the compiler's own words; a page without such a model says nothing of it."""
    table = (Row("CONV_2D", 31, "Mapped to Edge TPU"), Row("HARD_SWISH", 2, "Operation <not> supported"))
    memory = {"Off-chip memory used for streaming uncached model parameters": "0.00B"}
    compiled = EdgeTpuModel(b"x" * 5000, "16.0.384591198", 1_000_000, 20_000, 0.95, table, memory)

    page = report_page(judged(), test_items, compiled)

    assert "98.0 % of the model's 1,000,000 multiply-accumulates run on a Coral Edge TPU" in " ".join(page.split())
    assert "Operation &lt;not&gt; supported" in page
    assert "0.00B" in page
    assert resources_of(page).open == []
    assert json.loads(report_json(judged(), compiled))["edgetpu"]["mapped"] == 0.98
    assert "Edge TPU" not in report_page(judged(), test_items)
    assert report_object(judged())["edgetpu"] is None


@pytest.mark.usefixtures("unrendered")
def test_the_report_names_no_folder_of_this_machine(test_items):
    """A bundle travels: only paths below the data folder are in it."""
    judgement = judged()

    assert str(test_items[0].path.parent) not in report_page(judgement, test_items) + report_json(judgement)
    assert not Path(report_object(judgement)["flips"][0]["picture"]).is_absolute()
