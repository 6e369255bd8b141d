"""The report of a refused model: it is there, its reason first, and nothing beside it could be taken for a bundle."""

import json

import pytest

pytest.importorskip("jinja2", reason="jinja2 comes with the desktop install")

from edge.bundle import open_bundle
from edge.errors import BundleError, DataError
from quantize.judge import Refusal
from quantize.refused_report import forget_refused, refused_place, require_replaceable, write_refused
from tests.quantize.judgements import judged, pictures_on_disk

pytestmark = pytest.mark.usefixtures("unrendered")  # tests/quantize/test_report.py renders


@pytest.fixture
def refused(tmp_path):
    """Write the report of a model that loses 3 of 20 answers, and return where its bundle would have been."""

    def write(refusal=None):
        judgement = judged(wrong_after=3, max_drop=0.01)
        write_refused(tmp_path / "bundle", judgement, pictures_on_disk(tmp_path), refusal or judgement.refusal)
        return tmp_path / "bundle"

    return write


def test_the_report_lies_beside_the_bundle_that_was_not_written(refused):
    """Two files, in a folder that no command takes for a bundle."""
    out = refused()

    assert not out.exists()
    assert sorted(path.name for path in refused_place(out).iterdir()) == ["report.html", "report.json"]
    with pytest.raises(BundleError):
        open_bundle(refused_place(out))


def test_the_page_begins_with_the_reason_and_says_what_to_try(refused):
    """Before any figure; and it speaks of no bundle, because there is none."""
    page = " ".join((refused_place(refused()) / "report.html").read_text().split())

    places = [page.index(text) for text in ("<strong>Refused", "The integer model answers 17 of 20", "What to try:")]
    assert places == sorted(places)
    assert places[-1] < page.index("accept the loss with --max-drop 0.150") < page.index("Float accuracy")
    assert "bundle.json" not in page


def test_a_refusal_for_another_reason_puts_that_reason_first(refused):
    """The model itself may be good, and still none for the Edge TPU."""
    place = refused_place(refused(Refusal("nothing is mapped", ("leave out --edgetpu",))))

    found = json.loads((place / "report.json").read_text())
    assert (found["verdict"], found["reason"], found["advice"]) == (
        "refused", "nothing is mapped", ["leave out --edgetpu"],
    )  # fmt: skip
    assert found["objections"][0] == "nothing is mapped"


def test_the_next_refusal_takes_the_place_of_the_last(refused):
    """Whoever tries again finds the newest reason at the same address."""
    first = (refused_place(refused()) / "report.json").read_text()
    place = refused_place(refused(Refusal("nothing is mapped", ())))

    require_replaceable(place.with_name("bundle"))
    assert (place / "report.json").read_text() != first
    assert len(list(place.iterdir())) == 2


@pytest.mark.parametrize("occupied", ["file", "folder"])
def test_what_is_no_report_is_never_overwritten(tmp_path, occupied):
    """Said before the work starts, with the name of what is in the way."""
    place = tmp_path / "bundle-refused"
    if occupied == "file":
        place.write_text("mine")
    else:
        place.mkdir()
        (place / "report.html").write_text("mine")
        (place / "notes.txt").write_text("mine")

    with pytest.raises(DataError, match="choose another --out"):
        require_replaceable(tmp_path / "bundle")


def test_a_bundle_that_is_accepted_takes_the_old_refusal_away(refused):
    """Nobody finds a refusal beside a bundle that ships; what somebody else has put there stays."""
    out = refused()
    forget_refused(out)
    assert not refused_place(out).exists()

    (refused_place(refused()) / "notes.txt").write_text("mine")
    forget_refused(out)
    assert [path.name for path in refused_place(out).iterdir()] == ["notes.txt"]
