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
from edge.golden import GOLDEN_FILE, Golden, runtime_name
from edge.interpreter import RUNTIME_MODULES, TfliteInterpreter, input_encoder, runtime_version
from edge.replay import Replayed, replay_golden, step, steps_apart
from edge.test_card import SCORE_TOLERANCE, card_picture, input_digest

_WARM_UP_RUNS, _TIMED_RUNS, _TIMED_S = 5, 200, 5.0


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    steps: how far the worst output is from the expected one, in steps of its quantization, None when it is no number.
    """

    kind: str
    name: str
    expected: str
    found: str
    ok: bool
    steps: float | None = None
    allowed_steps: float | None = None


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
    findings = [*files, *_test_card(bundle, interpreter)]
    if golden:
        findings += _golden(bundle, interpreter, golden)
    return Check(
        bundle=str(folder),
        digest=digest,
        findings=tuple(findings),
        runtime=f"{here} {runtime_version(interpreter.runtime_name)}",
        made_on=f"{golden.runtime} {golden.runtime_version}" if golden else None,
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
    scores = tuple(
        map(float, Classifier(interpreter, bundle.labels, facts.input, facts.conventions).scores(card_picture()))
    )
    scale = facts.output_quantization.scale
    apart = steps_apart(card.scores, scores, scale)
    replayed = Replayed("scored", card.scores, scores, apart, SCORE_TOLERANCE / step(scale))
    yield _compared("test card", replayed, bundle.labels)


def _golden(bundle: Bundle, interpreter: TfliteInterpreter, golden: Golden) -> Iterator[Finding]:
    sheet, where = bundle.read(GOLDEN_FILE), str(bundle.folder / GOLDEN_FILE)
    for one in replay_golden(golden, sheet, bundle.fed(interpreter), where):
        yield _compared("golden", one, bundle.labels)


def _compared(kind: str, one: Replayed, labels: tuple[str, ...]) -> Finding:
    steps = round(one.steps, 2) if math.isfinite(one.steps) else None
    expected, found = _answer(labels, one.expected), _answer(labels, one.found)
    return Finding(kind, one.name, expected, found, one.ok, steps, round(one.allowed, 1))


def _answer(labels: tuple[str, ...], outputs: Sequence[float]) -> str:
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
