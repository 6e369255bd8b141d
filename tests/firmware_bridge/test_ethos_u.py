"""`--target ethos-u`: Vela is run once, its table is kept, and what it estimates is called an estimate."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
from click.testing import CliRunner

from edge.cli import cli
from tests.firmware_bridge.compiled_models import PACKAGED, classifier_graph
from tests.small_graphs import compiled_from

# prints and writes as Vela 5.2 was seen to
STAND_IN = """#!{python}
import pathlib, sys
out = pathlib.Path(sys.argv[sys.argv.index("--output-dir") + 1])
if pathlib.Path({refuses!r}).exists():
    print("Error: operators " + "CONV_2D " * 40)
    sys.exit(1)
out.mkdir()
(out / "model_vela.tflite").write_bytes(pathlib.Path({compiled!r}).read_bytes())
(out / "model_per-layer.csv").write_text("Original Operator,Target,Op Cycles\\nConv2D,NPU,4912\\n")
summary = "experiment,core_clock,inference_time,cycles_total\\ndefault,500000000.0,0.0004,204504\\n"
(out / "model_summary_X.csv").write_text(summary)
"""


@pytest.fixture
def vela(tmp_path):
    """A stand-in that maps all but the last two operators of a small network; and that network's bundle."""
    graph = classifier_graph()
    compiled = compiled_from(graph.packed(), len(graph.graph.operators) - 2)
    (tmp_path / "compiled").write_bytes(
        compiled.replace(b"\x11\0\0\0edgetpu-custom-op", b"\x07\0\0\0ethos-u".ljust(21, b"\0"))
    )
    path = tmp_path / "vela"
    path.write_text(
        STAND_IN.format(python=sys.executable, compiled=str(tmp_path / "compiled"), refuses=str(tmp_path / "refuses"))
    )
    path.chmod(0o755)
    return path


def export(bundle, out, vela, accelerator="ethos-u55-128"):
    return CliRunner().invoke(
        cli, ["export", str(bundle), "--target", "ethos-u", "--out", str(out), "--vela", str(vela),
              "--accelerator", accelerator],
    )  # fmt: skip


def test_the_report_says_what_stays_on_the_cpu_and_what_vela_estimates(bundle_of, tmp_path, vela):
    """Operators are counted in the compiled file itself."""
    done = export(bundle_of(classifier_graph()), tmp_path / "out", vela)
    assert done.exit_code == 0, done.output
    assert "SOFTMAX                    1 on the CPU" in done.output
    assert "ethos-u                    1 on the NPU" in done.output
    assert "Vela's estimates, not measured: clock, Hz 500000000.0; cycles 204504; time, s 0.0004" in done.output
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert np.isclose(report["mapped_macs"], 1)
    assert "Conv2D,NPU,4912" in (tmp_path / "out" / "layers.csv").read_text()


def test_what_vela_refuses_is_told_in_its_words(tmp_path, vela):
    """In whole ones, however many; and nothing is written."""
    (tmp_path / "refuses").touch()
    done = export(PACKAGED, tmp_path / "out", vela)
    assert done.exit_code == 1
    assert "Vela made nothing of the model: Error: operators CONV_2D" in done.output
    assert "CONV_2D ...; quantize it to int8" in done.output
    assert not (tmp_path / "out").exists()


def test_a_model_of_which_vela_maps_nothing_is_refused(bundle_of, tmp_path, vela):
    """It compiles without a word, and the README would speak of an operator that is not there."""
    graph = classifier_graph()
    (tmp_path / "compiled").write_bytes(graph.packed())
    done = export(bundle_of(graph), tmp_path / "out", vela)
    assert done.exit_code == 1
    assert "found that Vela leaves all of this one to the CPU; take another network" in done.output
    assert not (tmp_path / "out").exists()


def test_an_accelerator_that_vela_does_not_know_is_named_with_those_it_does(tmp_path, vela):
    """The network is not to blame, and Vela is not asked."""
    done = export(PACKAGED, tmp_path / "out", vela, "foo")
    assert done.exit_code == 1
    assert "--accelerator: expected one of Vela's names (ethos-u55-32, " in done.output
    assert "ethos-u85-2048), found 'foo'" in done.output
    assert "quantize" not in done.output
    assert not (tmp_path / "out").exists()


def test_without_vela_the_way_to_it_is_told(tmp_path):
    """It is on PyPI."""
    done = export(PACKAGED, tmp_path / "out", tmp_path / "nonsuch")
    assert done.exit_code == 1
    assert "nonsuch: expected Vela, found none that starts" in done.output
