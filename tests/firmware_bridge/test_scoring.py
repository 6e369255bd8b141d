"""Label, score and reject of the C are those that the line on the Pi would give."""

from __future__ import annotations

import ctypes
import subprocess
from pathlib import Path

import numpy as np
import pytest

from edge.classifier import Classifier, best
from edge.conventions import Conventions
from edge.interpreter import TfliteInterpreter
from edge.model_graph import read_graph
from firmware_bridge.compilers import find_host_compiler
from firmware_bridge.emit import emit
from firmware_bridge.source import source_of
from tests.firmware_bridge.compiled_models import NO_COMPILER, STRICT, classifier_graph, facts_of

UNIT = 65536


class Answer(ctypes.Structure):
    """NAME_answer of the header."""

    _fields_ = (("label", ctypes.c_int), ("score", ctypes.c_uint32), ("accepted", ctypes.c_int))


CASES = {
    "each": (3, "softmax", {"thresholds": [0.3, 0.5, 0.9], "unknown": 0.4}),
    "single": (2, "logistic", {"thresholds": [0.4, 0.7]}),
    "single, softened": (2, "logistic", {"thresholds": [0.4, 0.7], "temperature": 1.7}),
    "shares": (4, "softmax", {"thresholds": [0.3, 0.5, 0.6, 0.2], "temperature": 2.5}),
    "distances": (4, None, {"thresholds": [0.3, 0.5, 0.6, 0.2], "conventions": Conventions(answers="logits")}),
    "one logit": (2, None, {"thresholds": [0.4, 0.7], "conventions": Conventions(answers="logits")}),
}


def _graph(case, labels, end):
    if case.startswith(("single", "one")):
        return classifier_graph(1, seed=8, end=end)  # its one logit takes either sign
    return classifier_graph(labels, seed=len(case), end=end)


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """Every case, compiled into one library."""
    compiler, folder = find_host_compiler(), tmp_path_factory.mktemp("scoring")
    if compiler is None:
        pytest.skip(NO_COMPILER)
    sources = []
    for number, (case, (labels, end, facts)) in enumerate(CASES.items()):
        graph = _graph(case, labels, end)
        emitted = emit(source_of(read_graph(graph.packed()), facts_of(graph, labels, **facts), f"s{number}", "A test."))
        (folder / f"s{number}.h").write_text(emitted.header)
        sources.append(folder / f"s{number}.c")
        sources[-1].write_text(emitted.source)
    done = subprocess.run(
        [*compiler, *STRICT, "-O0", "-shared", "-fPIC", "-o", folder / "all.so", *sources],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return ctypes.CDLL(str(folder / "all.so"))


@pytest.mark.parametrize("case", CASES)
def test_label_score_and_reject_are_those_of_the_line(library, case):
    """On 60 pictures; scores agree to a thousandth, decisions wherever the score is not that near its threshold."""
    number = list(CASES).index(case)
    labels, end, options = CASES[case]
    graph = _graph(case, labels, end)
    facts = facts_of(graph, labels, **options)
    interpreter = TfliteInterpreter(Path(case), content=graph.packed(), reference_kernels=True)
    classifier = Classifier(interpreter, facts.labels, facts.input, facts.conventions, facts.temperature)
    classify = getattr(library, f"s{number}_classify")
    classify.restype = Answer
    random, decided = np.random.default_rng(0), set()
    for colour in random.integers(0, 256, (60, 1, 1, 3)):
        held = np.full(facts.input.shape, colour, np.uint8)
        answer = classify(ctypes.c_void_p(held.ctypes.data))
        expected = best(facts.labels, classifier.scores_of_input(held))
        least = max(facts.thresholds[expected.label].min_score, facts.unknown.min_score)
        assert abs(answer.score / UNIT - expected.score) < 1e-3
        assert facts.labels[answer.label] == expected.label
        if case in ("each", "single") or abs(expected.score - least) > 1e-3:
            assert bool(answer.accepted) == (expected.score >= least)
        decided.add((answer.label, answer.accepted))
    assert len(decided) > 1
