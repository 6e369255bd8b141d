"""The accuracy-delta report in a real browser, as a person reads it: on a desk, on a phone, and in the dark."""

from __future__ import annotations

from dataclasses import replace

import pytest
from click.testing import CliRunner

pytest.importorskip("jinja2", reason="jinja2 comes with the desktop install")

from edge.cli import cli
from edge.emulated_world import packaged_bundle
from edge.parts_command import write_parts
from quantize.report import report_page
from quantize.rescue import Rescue, Trial
from tests.opened_pages import SCREENS, opened, require_readable
from tests.quantize.judgements import judged, pictures_on_disk
from tests.quantize.measured_layers import layer

pytestmark = pytest.mark.slow
LABELS = ("anchor", "bolt_of_quite_some_length_and_galvanized", "nut", "screw<b>", "washer", "cage_nut")
FLOAT_LAYERS = ("block_12_project_BN/FusedBatchNormV3", "block_12_depthwise_relu/Relu6")


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """An accepted model and one that is refused for everything there is, with all that a page can hold."""
    folder = tmp_path_factory.mktemp("pages")
    items = pictures_on_disk(folder) * 6
    good = judged(wrong_after=1, pictures=120, labels=LABELS)
    (folder / "accepted.html").write_text(report_page(good, items))
    trials = (
        Trial("plain int8", 5, 0.5, 0.5, 0.4, 9000, True, (), False),
        Trial("2 layers in float", 6, 0.6, 0.6, 0.2, 9400, False, FLOAT_LAYERS, False),
    )
    bad = replace(
        judged(wrong_after=14, max_drop=0.01, pictures=120, purity=0.995, labels=LABELS),
        rescue=Rescue(10, 10, trials, None),
        layers=tuple(layer(f"block_{number}_expand_relu", 50.0 - number) for number in range(12)),
        notes=("these pictures are not those of the run",),
    )
    (folder / "refused.html").write_text(report_page(bad, items, refusal=bad.refusal))
    return folder


@pytest.mark.parametrize(("viewport", "scheme"), SCREENS)
@pytest.mark.parametrize("verdict", ["accepted", "refused"])
def test_the_report_is_read_without_a_hitch(browser, pages, verdict, viewport, scheme):
    """The verdict at once, every picture there, nothing fetched, no side-scrolling, no rule of axe-core broken."""
    with opened(browser, pages / f"{verdict}.html", viewport, scheme) as page:
        assert page.locator(".verdict strong").inner_text() == verdict.capitalize()
        require_readable(page, ".verdict strong")


def test_so_is_that_of_a_bundle_by_itself(browser, tmp_path):
    """Of the packaged one, on parts that it has never seen."""
    write_parts(tmp_path / "parts", ("coin", "nut", "screw"), count=5, size_px=128, seed=11)
    arguments = ["report", packaged_bundle(), "--data", tmp_path / "parts", "--out", tmp_path / "page"]
    result = CliRunner().invoke(cli, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    for screen in SCREENS:
        with opened(browser, tmp_path / "page" / "report.html", *screen.values) as page:
            require_readable(page, ".verdict strong")
