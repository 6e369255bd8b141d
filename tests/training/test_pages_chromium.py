"""The pages of a training and of a comparison in a real browser, as a person reads them."""

from __future__ import annotations

import pytest

from tests.installed import require_installed
from tests.opened_pages import SCREENS, opened, require_readable
from tests.training.examinations import examined
from training.report import write_report
from training.study_report import write_results
from training.study_results import results_of

require_installed("matplotlib", "the report needs the desktop install")
require_installed("sklearn", "the report needs the desktop install")

pytestmark = pytest.mark.slow
LABELS = ("bolt_of_quite_some_length_and_galvanized", "nut<script>")


@pytest.fixture(scope="module")
def run_page(tmp_path_factory):
    """The page of a run of two classes, the kind with the most on it."""
    folder = tmp_path_factory.mktemp("run")
    write_report(folder, examined(tmp_path_factory.mktemp("data"), LABELS, wrong=3))
    return folder / "report.html"


@pytest.mark.parametrize(("viewport", "scheme"), SCREENS)
def test_the_page_of_a_run_is_read_without_a_hitch(browser, run_page, viewport, scheme):
    """The result at once, every picture there, nothing fetched, no side-scrolling, no rule of axe-core broken."""
    with opened(browser, run_page, viewport, scheme) as page:
        assert "test pictures answered right" in page.locator(".verdict strong").inner_text()
        require_readable(page, ".verdict strong")


def test_so_is_that_of_a_comparison(browser, studied):
    """With recipes that differ, and a run that failed."""
    study = studied({"small-cnn": [0.90, 0.92, 0.94], "mcu-depthwise": [0.60, None, 0.61]})
    write_results(results_of(study))
    for screen in SCREENS:
        with opened(browser, study.folder / "report.html", *screen.values) as page:
            assert "small-cnn is better" in page.locator(".verdict strong").inner_text()
            require_readable(page, ".verdict strong")
