"""The bundle: the folder that carries a model and every fact about it to the device.

    model.tflite        the integer model
    model_edgetpu.tflite  (optional) the same, compiled for a Coral Edge TPU
    report.json/.html   float against integer on held-out pictures
    golden.png          held-out model inputs, to be answered on the device as they were where the bundle was made
    bundle.json         labels, input spec, thresholds, provenance, test card; size and sha256 of every file
    bundle.json.sha256  digest of bundle.json, in the format of `sha256sum -c`
    bundle.json.sig     Ed25519 signature of bundle.json, when somebody signed it (see edge.signature)

Written aside and renamed, so it is complete or absent. Every byte is verified before a runtime sees the model:
no runtime notices damaged weights, and some crash on a truncated file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from edge.bundle_facts import FORMAT_VERSION, BundleFacts
from edge.bundle_files import (
    REMEDY,
    FileFact,
    digest_line,
    label_problem,
    parse_facts,
    read_bounded,
    read_exactly,
    sha256,
)
from edge.classifier import Classifier
from edge.durable import whole_folder
from edge.errors import BundleError
from edge.golden import GOLDEN_FILE
from edge.interpreter import Interpreter, TfliteInterpreter
from edge.rehearsal import vet
from edge.replay import Fed, check_golden
from edge.test_card import check_test_card

MODEL_FILE = "model.tflite"
EDGETPU_FILE = "model_edgetpu.tflite"  # only in bundles made with --edgetpu
FACTS_FILE = "bundle.json"
DIGEST_FILE = "bundle.json.sha256"
SIGNATURE_FILE = "bundle.json.sig"
# What bundle.json may list beside the model; a bundle that lists anything else is refused.
OPTIONAL_FILES = (EDGETPU_FILE, GOLDEN_FILE, "report.html", "report.json")

MOST_FACTS_BYTES = 16_000_000  # a list of 10,000 calibration pictures takes 2 MB


@dataclass(frozen=True)
class Bundle:
    """A verified bundle on disk. raw_facts: bundle.json, byte for byte."""

    folder: Path
    facts: BundleFacts
    raw_facts: bytes

    @property
    def digest(self) -> str:
        """The sha256 of bundle.json: of everything in the bundle, since it lists the digests of the other files."""
        return sha256(self.raw_facts)

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels in the order of the model's outputs."""
        return self.facts.labels

    @property
    def warnings(self) -> tuple[str, ...]:
        """What whoever runs the bundle must hear before."""
        return tuple(
            f"{self.folder}: this bundle was made by --force although {reason}" for reason in self.facts.forced
        )

    def read(self, name: str) -> bytes:
        """Read one of its files again, and verify it again. Raises BundleError."""
        return read_exactly(self.folder / name, self.facts.files[name], self.folder / name)

    def interpreter(self, *, num_threads: int = 1, runtime_module: str | None = None) -> TfliteInterpreter:
        """Load the model: the very bytes that were verified, after a child process has survived them.

        runtime_module: one of edge.interpreter.RUNTIMES; None for the first there is.
        Raises BundleError, ModelError, MissingPackageError.
        """
        model, path = self.read(MODEL_FILE), self.folder / MODEL_FILE
        vet(model, path, runtime_module)
        return TfliteInterpreter(path, num_threads=num_threads, runtime_module=runtime_module, content=model)

    def classifier(self, *, num_threads: int = 1) -> Classifier:
        """Load the model, and replay the test card and the golden inputs.

        Raises ModelError, MissingPackageError, or BundleError when this machine answers one of them differently.
        """
        facts, interpreter = self.facts, self.interpreter(num_threads=num_threads)
        classifier = self.classifier_on(interpreter)
        if facts.golden:
            check_golden(facts.golden, self.read(GOLDEN_FILE), self.fed(interpreter), str(self.folder / GOLDEN_FILE))
        return classifier

    def fed(self, interpreter: TfliteInterpreter) -> Fed:
        """Return the model, loaded, as the golden inputs go into it."""
        facts = self.facts
        return Fed(interpreter, facts.input, facts.conventions.normalization, facts.output_quantization.scale)

    def classifier_on(self, interpreter: Interpreter) -> Classifier:
        """Put a model of this bundle, loaded, behind its labels, and replay the test card on it.

        Raises ModelError when they do not fit, BundleError when it answers the card differently.
        """
        facts = self.facts
        classifier = Classifier(interpreter, self.labels, facts.input, facts.conventions, facts.temperature)
        check_test_card(facts.test_card, classifier, str(self.folder))
        return classifier


def open_bundle(folder: Path, *, shown: Path | None = None) -> Bundle:
    """Read a bundle and verify every file in it. shown: its name in messages, when that is not `folder`.

    Where `folder` is a link that is switched meanwhile, all that is read, now and later, is of the one it led to first.
    Raises BundleError naming the file that is wrong.
    """
    shown, folder = shown or folder, folder.resolve()
    bundle = open_unverified(folder, shown)
    for name, fact in bundle.facts.files.items():
        read_exactly(folder / name, fact, shown / name)
    return bundle


def open_unverified(folder: Path, shown: Path) -> Bundle:
    """Read and verify bundle.json alone, as the first step to the other files. Raises BundleError."""
    if folder.is_file():
        raise BundleError(
            f"{shown}: expected a bundle folder, found a file; if it is a packed bundle, unpack it first with: "
            "edge-sort bundle unpack FILE FOLDER"
        )
    if not folder.is_dir():
        raise BundleError(f"{shown}: expected a bundle folder, found none; make one with: edge-sort quantize")
    raw = read_bounded(folder / FACTS_FILE, MOST_FACTS_BYTES, shown / FACTS_FILE)
    expected = digest_line(FACTS_FILE, raw)
    if read_bounded(folder / DIGEST_FILE, len(expected), shown / DIGEST_FILE) != expected:
        raise BundleError(f"{shown / FACTS_FILE}: changed since the bundle was made; {REMEDY}")
    facts = parse_facts(shown / FACTS_FILE, raw, FORMAT_VERSION, BundleFacts)
    if problem := _contradiction(facts):
        raise BundleError(f"{shown / FACTS_FILE}: {problem}; {REMEDY}")
    return Bundle(folder, facts, raw)


def write_bundle(folder: Path, facts: BundleFacts, files: Mapping[str, bytes]) -> Bundle:
    """Write a bundle, whole or not at all. `facts.files` is filled in here from `files` (name -> contents).

    Raises DataError when `folder` is already in use, ValueError for a file that no bundle may hold.
    """
    if unknown := _unknown(files):
        raise ValueError(f"{unknown} is not among edge.bundle.OPTIONAL_FILES")
    listed = {name: FileFact(sha256=sha256(data), size_bytes=len(data)) for name, data in files.items()}
    raw = (facts.model_copy(update={"files": listed}).model_dump_json(indent=2) + "\n").encode()
    with whole_folder(folder) as draft:
        for name, data in {**files, DIGEST_FILE: digest_line(FACTS_FILE, raw), FACTS_FILE: raw}.items():
            (draft / name).write_bytes(data)
    return open_bundle(folder)


def _unknown(names: Iterable[str]) -> list[str]:
    return sorted(set(names) - {MODEL_FILE, *OPTIONAL_FILES})


def _contradiction(facts: BundleFacts) -> str | None:
    """Say what in the facts does not hold together, or None."""
    unknown = _unknown(facts.files)
    claims = (
        (set(facts.thresholds) == set(facts.labels), "expected one threshold for each label"),
        (MODEL_FILE in facts.files, f"expected {MODEL_FILE} among its files"),
        (not unknown, f"expected only files that this edge-sort knows, found {ascii(unknown)[:80]} among them"),
        ((facts.golden is None) != (GOLDEN_FILE in facts.files), f"expected {GOLDEN_FILE} and its scores, found one"),
    )
    return label_problem(facts.labels) or next((problem for holds, problem in claims if not holds), None)
