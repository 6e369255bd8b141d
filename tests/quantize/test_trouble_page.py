"""What the page says of layers and remedies."""

from dataclasses import replace

import pytest

pytest.importorskip("jinja2", reason="jinja2 comes with the desktop install")

from quantize.report import report_object, report_page
from quantize.rescue import Rescue, Trial
from quantize.trouble_text import rescue_lines
from tests.quantize.judgements import judged
from tests.quantize.measured_layers import layer

pytestmark = pytest.mark.usefixtures("unrendered")  # tests/quantize/test_report.py renders


def account(taken, float_layers=()):
    """A rescue of two trials, the second one taken or not."""
    plain = Trial("plain int8", 5, 0.5, 0.5, 0.4, 9000, True, (), False)
    other = Trial("1 layer in float", 10, 1.0, 1.0, 0.01, 9400, not float_layers, tuple(float_layers), bool(taken))
    return Rescue(10, 10, (plain, other), "1 layer in float" if taken else None)


def account_of_all_in_float():
    """A rescue that took what computes in float between all layers."""
    plain = Trial("plain int8", 5, 0.5, 0.5, 0.4, 9000, True, (), False)
    return Rescue(10, 10, (plain, Trial("weights alone", 10, 1.0, 1.0, 0.01, 9000, False, (), True)), "weights alone")


def test_a_model_with_float_inside_says_so_everywhere():
    """In the verdict, on the page and in the terminal: the Edge TPU and microcontrollers are out."""
    plain = judged(wrong_after=0)
    judgement = replace(plain, rescue=account(True, ["pool"]), cost=replace(plain.cost, full_integer=False))
    page = " ".join(report_page(judgement, []).split())

    assert "; remedy taken: 1 layer in float (pool); not full-integer: no Edge TPU, no" in judgement.reason
    assert "This model is not full-integer: some of it computes in float." in page
    assert "pool compute in float." in page
    assert rescue_lines(judgement.rescue)[-1] == "remedy taken: 1 layer in float (pool)"
    assert "<- taken" in rescue_lines(judgement.rescue)[3]


def test_a_model_of_8_bit_weights_alone_names_no_layer():
    """All of them compute in float, and no empty brackets tell which."""
    judgement = replace(judged(wrong_after=0), rescue=account_of_all_in_float())

    assert judgement.reason.endswith("remedy taken: weights alone")
    assert "What passes between its layers is float, and weights are 8 bits" in report_page(judgement, [])


def test_a_failed_rescue_says_so():
    """The reason stays the refusal, and the page shows what was tried."""
    judgement = replace(judged(wrong_after=0), rescue=account(False))

    assert judgement.reason.endswith("none of 1 remedies was good enough on 10 validation pictures")
    assert "None was good enough." in report_page(judgement, [])


def test_a_rescue_that_only_came_near_says_so():
    """The verdict tells that none was good enough and what is judged instead."""
    failed = account(False)
    near = replace(failed, taken=failed.trials[-1].remedy)
    judgement = replace(judged(wrong_after=0), rescue=near)

    assert judgement.reason.endswith("on 10 validation pictures; the nearest is judged: 1 layer in float")
    assert "None was good enough; this page judges the nearest to the float model." in report_page(judgement, [])


def test_layers_are_shown_worst_first():
    """The eight worst on the page, all of them in the object."""
    layers = tuple(layer(f"layer{number}", 50.0 - number) for number in range(12))
    judgement = replace(judged(wrong_after=0), layers=layers)
    page = report_page(judgement, [])

    assert page.index("layer11") < page.index("layer4")
    assert "layer3 " not in page
    assert len(report_object(judgement)["layers"]) == 12


def test_nothing_is_said_of_layers_that_were_not_measured():
    """A model that loses nothing has a short page."""
    assert "Which layers" not in report_page(judged(wrong_after=0), [])
    assert "What was tried" not in report_page(judged(wrong_after=0), [])
