"""The bundle: the folder that carries a model and every fact about it to the device.

    model.tflite        the integer model
    model_edgetpu.tflite  (optional) the same, compiled for a Coral Edge TPU
    report.json/.html   float against integer on held-out pictures
    bundle.json         labels, input spec, thresholds, provenance, test card; size and sha256 of every file
    bundle.json.sha256  digest of bundle.json, in the format of `sha256sum -c`

Written aside and renamed, so it is complete or absent. Every byte is verified before a runtime sees the model:
no runtime notices damaged weights, and some crash on a truncated file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.classifier import Classifier
from edge.conventions import OWN, Conventions
from edge.durable import whole_folder
from edge.errors import BundleError
from edge.interpreter import Interpreter, TfliteInterpreter
from edge.preprocess import InputSpec
from edge.problems import first_problem
from edge.test_card import TestCard, check_test_card

FORMAT_VERSION = 1
MODEL_FILE = "model.tflite"
EDGETPU_FILE = "model_edgetpu.tflite"  # only in bundles made with --edgetpu
FACTS_FILE = "bundle.json"
DIGEST_FILE = "bundle.json.sha256"

_MOST_FACTS_BYTES = 16_000_000  # a list of 10,000 calibration pictures takes 2 MB


class _Facts(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FileFact(_Facts):
    """What a file of the bundle must be."""

    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    size_bytes: int = Field(ge=0)


class Quantization(_Facts):
    """How a tensor stores real values: real = scale * (stored - zero_point)."""

    dtype: str
    scale: float
    zero_point: int


class Threshold(_Facts):
    """The lowest score at which a part may go to its class's bin.

    purity and recovery (0..1) are what this score gave on the validation pictures; None when no picture
    there was answered with this label.
    """

    min_score: float = Field(ge=0, le=1)
    purity: float | None = None
    recovery: float | None = None


class Unknown(_Facts):
    """How parts of no known class are told: their best score is below `min_score`.

    known_kept: share of the rightly answered validation pictures that reach it; None when it was not measured.
    foreign_pictures and foreign_rejected: how many pictures of no known class were shown, and how many of them the
    thresholds and this score together send to reject.
    """

    min_score: float = Field(default=0.0, ge=0, le=1)
    known_kept: float | None = None
    foreign_pictures: int = 0
    foreign_rejected: int = 0


class BundleFacts(_Facts):
    """The contents of bundle.json.

    temperature: how much the model's scores are softened before they are compared with thresholds. forced: why the
    bundle should not have been made, sentence by sentence; somebody made it nevertheless.
    """

    format_version: int
    labels: tuple[str, ...] = Field(min_length=2)
    input: InputSpec
    input_quantization: Quantization
    output_quantization: Quantization
    conventions: Conventions = OWN
    thresholds: dict[str, Threshold]
    temperature: float = Field(default=1.0, gt=0, le=100)
    unknown: Unknown = Unknown()
    forced: tuple[str, ...] = ()
    provenance: dict[str, Any]
    test_card: TestCard
    files: dict[str, FileFact]


@dataclass(frozen=True)
class Bundle:
    """A verified bundle on disk."""

    folder: Path
    facts: BundleFacts
    digest: str

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

    def classifier(self, *, num_threads: int = 1) -> Classifier:
        """Load the model and replay the test card.

        Raises ModelError, MissingPackageError, or BundleError when this machine answers the card differently.
        """
        return self.classifier_on(TfliteInterpreter(self.folder / MODEL_FILE, num_threads=num_threads))

    def classifier_on(self, interpreter: Interpreter) -> Classifier:
        """Put a model of this bundle, loaded, behind its labels, and replay the test card on it.

        Raises ModelError when they do not fit, BundleError when it answers the card differently.
        """
        facts = self.facts
        classifier = Classifier(interpreter, self.labels, facts.input, facts.conventions, facts.temperature)
        check_test_card(self.facts.test_card, classifier, str(self.folder))
        return classifier


def open_bundle(folder: Path) -> Bundle:
    """Read a bundle and verify every file in it. Raises BundleError naming the file that is wrong."""
    if not folder.is_dir():
        raise BundleError(f"{folder}: expected a bundle folder, found none; make one with: edge-sort quantize")
    raw = _read(folder / FACTS_FILE, _MOST_FACTS_BYTES)
    digest = hashlib.sha256(raw).hexdigest()
    _check_own_digest(folder / DIGEST_FILE, digest)
    facts = _parse(folder / FACTS_FILE, raw)
    for name, fact in facts.files.items():
        _check_file(folder, name, fact)
    if MODEL_FILE not in facts.files:
        raise BundleError(f"{folder / FACTS_FILE}: expected {MODEL_FILE} among its files; {_REMEDY}")
    return Bundle(folder, facts, digest)


def write_bundle(folder: Path, facts: BundleFacts, files: Mapping[str, bytes]) -> Bundle:
    """Write a bundle, whole or not at all. `facts.files` is filled in here from `files` (name -> contents).

    Raises DataError when `folder` is already in use.
    """
    listed = {name: FileFact(sha256=_sha256(data), size_bytes=len(data)) for name, data in files.items()}
    raw = (facts.model_copy(update={"files": listed}).model_dump_json(indent=2) + "\n").encode()
    with whole_folder(folder) as draft:
        for name, data in files.items():
            (draft / name).write_bytes(data)
        (draft / DIGEST_FILE).write_text(f"{_sha256(raw)}  {FACTS_FILE}\n")
        (draft / FACTS_FILE).write_bytes(raw)
    return open_bundle(folder)


_REMEDY = "copy the bundle again or make it again with: edge-sort quantize"


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _read(path: Path, most_bytes: int) -> bytes:
    """Read at most one byte more than expected: a bundle from elsewhere must not fill the memory or block on a pipe."""
    try:
        if not path.is_file():
            raise BundleError(f"{path}: expected a file of the bundle, found none; {_REMEDY}")
        with path.open("rb") as file:
            return file.read(most_bytes + 1)
    except OSError as error:
        raise BundleError(f"{path}: expected a file of the bundle, found none readable; {_REMEDY}") from error


def _check_own_digest(path: Path, digest: str) -> None:
    expected = f"{digest}  {FACTS_FILE}\n".encode()
    if _read(path, len(expected)) != expected:
        raise BundleError(f"{path.with_name(FACTS_FILE)}: changed since the bundle was made; {_REMEDY}")


def _parse(path: Path, raw: bytes) -> BundleFacts:
    try:
        found = json.loads(raw)
        version = found.get("format_version") if isinstance(found, dict) else None
        if version != FORMAT_VERSION:
            raise BundleError(
                f"{path}: expected bundle format {FORMAT_VERSION}, found {version!r}; "
                "install the edge-sort that made it, or make the bundle again with this one"
            )
        facts = BundleFacts.model_validate(found)
    except (ValueError, ValidationError, RecursionError) as error:
        raise BundleError(
            f"{path}: expected the facts of a bundle, found: {first_problem(error)}; {_REMEDY}"
        ) from error
    if set(facts.thresholds) != set(facts.labels) or len(set(facts.labels)) != len(facts.labels):
        raise BundleError(f"{path}: expected one threshold for each label; {_REMEDY}")
    return facts


def _check_file(folder: Path, name: str, fact: FileFact) -> None:
    if Path(name).name != name:
        raise BundleError(f"{folder / FACTS_FILE}: expected plain file names, found {name!r}; {_REMEDY}")
    data = _read(folder / name, fact.size_bytes)
    if len(data) != fact.size_bytes:
        found = "more" if len(data) > fact.size_bytes else len(data)
        raise BundleError(f"{folder / name}: expected {fact.size_bytes} bytes, found {found}; {_REMEDY}")
    if _sha256(data) != fact.sha256:
        raise BundleError(f"{folder / name}: its contents changed since the bundle was made; {_REMEDY}")
