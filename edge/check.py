"""Does this bundle, on this device, with this runtime, answer what it answered where it was made?"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.bundle import DIGEST_FILE, FACTS_FILE, Bundle, open_unverified
from edge.bundle_files import read_exactly
from edge.classifier import Classifier
from edge.errors import BundleError
from edge.golden import GOLDEN_FILE, golden_inputs, outputs_of, runtime_name, step, tolerance_steps
from edge.interpreter import RUNTIME_MODULES, TfliteInterpreter, input_encoder, runtime_version
from edge.test_card import SCORE_TOLERANCE, card_picture, input_digest

_WARM_UP_RUNS, _TIMED_RUNS, _TIMED_S = 5, 200, 5.0


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. steps: how far the worst output is from the expected one, in its quantization."""

    kind: str
    name: str
    expected: str
    found: str
    ok: bool
    steps: float | None = None


@dataclass(frozen=True)
class Latency:
    """Time of one run of the model on this device, from the input's bytes to the output's, in milliseconds."""

    runs: int
    median_ms: float
    p99_ms: float


@dataclass(frozen=True)
class Check:
    """Everything found. runtime and latency are None when a damaged file kept the model from being loaded."""

    bundle: str
    digest: str
    findings: tuple[Finding, ...]
    runtime: str | None = None
    made_on: str | None = None
    tolerance: int | None = None
    latency: Latency | None = None

    @property
    def ok(self) -> bool:
        """Whether everything was as expected."""
        return all(finding.ok for finding in self.findings)

    def as_dict(self) -> dict[str, Any]:
        """Return everything under the names that `check --json` uses."""
        return {"ok": self.ok, **asdict(self)}


def check_bundle(folder: Path, runtime: str | None = None) -> Check:
    """Verify every file, replay the test card and the golden inputs, and time the model. runtime: of RUNTIME_MODULES.

    Raises BundleError when bundle.json itself cannot be trusted, ModelError when the model cannot be loaded,
    MissingPackageError without a runtime. What is merely not as expected is a finding.
    """
    bundle = open_unverified(folder, folder)
    facts, digest = bundle.facts, bundle.digest
    files = tuple(_files(bundle))
    if not all(finding.ok for finding in files):
        return Check(str(folder), digest, files)
    interpreter = bundle.interpreter(runtime_module=RUNTIME_MODULES[runtime] if runtime else None)
    here = runtime_name(interpreter.runtime_name)
    golden = facts.golden
    tolerance = tolerance_steps(golden.runtime, here) if golden else None
    findings = [*files, *_test_card(bundle, interpreter)]
    if tolerance is not None:
        findings += _golden(bundle, interpreter, tolerance)
    return Check(
        bundle=str(folder),
        digest=digest,
        findings=tuple(findings),
        runtime=f"{here} {runtime_version(interpreter.runtime_name)}",
        made_on=f"{golden.runtime} {golden.runtime_version}" if golden else None,
        tolerance=tolerance,
        latency=_latency(interpreter, np.zeros(facts.input.shape, np.uint8)),
    )


def _files(bundle: Bundle) -> Iterator[Finding]:
    facts_file = f"{len(bundle.raw_facts)} bytes, sha256 {bundle.digest[:12]}"
    yield Finding("file", FACTS_FILE, f"the digest in {DIGEST_FILE}", facts_file, ok=True)
    for name, fact in bundle.facts.files.items():
        expected = f"{fact.size_bytes} bytes, sha256 {fact.sha256[:12]}"
        try:
            read_exactly(bundle.folder / name, fact, bundle.folder / name)
        except BundleError as error:
            yield Finding("file", name, expected, str(error), ok=False)
        else:
            yield Finding("file", name, expected, expected, ok=True)


def _test_card(bundle: Bundle, interpreter: TfliteInterpreter) -> Iterator[Finding]:
    facts, card = bundle.facts, bundle.facts.test_card
    made, here = card.input_sha256, input_digest(facts.input)
    yield Finding("test card", "resized", f"sha256 {made[:12]}", f"sha256 {here[:12]}", ok=made == here)
    scores = Classifier(interpreter, bundle.labels, facts.input).scores(card_picture())
    size = step(facts.output_quantization.scale)
    yield _compared("test card", "scored", card.scores, scores, bundle.labels, size, SCORE_TOLERANCE / size)


def _golden(bundle: Bundle, interpreter: TfliteInterpreter, tolerance: int) -> Iterator[Finding]:
    facts, golden = bundle.facts, bundle.facts.golden
    assert golden is not None, "asked only when there are golden inputs"
    where = str(bundle.folder / GOLDEN_FILE)
    inputs = golden_inputs(bundle.read(GOLDEN_FILE), len(golden.inputs), facts.input, where)
    size = step(facts.output_quantization.scale)
    for one, pixels in zip(golden.inputs, inputs, strict=True):
        found = outputs_of(interpreter, pixels)
        yield _compared("golden", one.name, one.outputs, found, bundle.labels, size, tolerance)


def _compared(
    kind: str,
    name: str,
    expected: Sequence[float],
    found: Sequence[float] | NDArray[np.float32],
    labels: tuple[str, ...],
    size: float,
    tolerance: float,
) -> Finding:
    pair = (_answer(labels, expected), _answer(labels, found))
    if len(expected) != len(found):
        return Finding(kind, name, f"{len(expected)} scores", f"{len(found)} scores", ok=False)
    worst = float(np.abs(np.asarray(found, np.float64) - np.asarray(expected, np.float64)).max() / size)
    if not math.isfinite(worst):  # a broken float model answers NaN
        return Finding(kind, name, *pair, ok=False)
    return Finding(kind, name, *pair, ok=worst <= tolerance + 0.01, steps=round(worst, 2))  # 0.01: scores are rounded


def _answer(labels: tuple[str, ...], outputs: Sequence[float] | NDArray[np.float32]) -> str:
    if len(outputs) == 1:
        return f"{labels[-1]} {outputs[0]:.3f}"
    top = int(np.argmax(outputs))
    return f"{labels[top] if top < len(labels) else f'output {top}'} {outputs[top]:.3f}"


def _latency(interpreter: TfliteInterpreter, pixels: NDArray[np.uint8]) -> Latency:
    stored = input_encoder(interpreter.input)(pixels)[np.newaxis]
    for _ in range(_WARM_UP_RUNS):
        interpreter.run(stored)
    times: list[float] = []
    ends = perf_counter() + _TIMED_S
    while len(times) < _TIMED_RUNS and (not times or perf_counter() < ends):
        started = perf_counter()
        interpreter.run(stored)
        times.append((perf_counter() - started) * 1000)
    return Latency(len(times), *(round(float(np.percentile(times, share)), 3) for share in (50, 99)))
