"""The bundle: complete or absent, and no byte of it taken on trust."""

import hashlib
import json
import os
import shutil
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.bundle import DIGEST_FILE, FACTS_FILE, MODEL_FILE, open_bundle, write_bundle
from edge.bundle_facts import BundleFacts
from edge.errors import BundleError, DataError
from edge.test_card import card_picture

PACKAGED = Path(str(files("edge"))) / "data" / "bundle"
CONTENTS = {path.name: path.read_bytes() for path in PACKAGED.iterdir()}


@pytest.fixture
def bundle(tmp_path):
    """A copy of the packaged bundle."""
    return Path(shutil.copytree(PACKAGED, tmp_path / "bundle"))


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    """A copy that one test spoils again and again; `spoiled` puts everything else back first."""
    return Path(shutil.copytree(PACKAGED, tmp_path_factory.mktemp("bundle") / "bundle"))


def spoiled(folder, name, data):
    """Restore every file and then put `data` into one."""
    for original, contents in CONTENTS.items():
        (folder / original).write_bytes(contents)
    (folder / name).write_bytes(data)
    return folder


def with_facts(folder, raw):
    """Put other facts into a bundle, with a digest that fits: only what they say can give them away."""
    raw = raw if isinstance(raw, bytes) else json.dumps(raw).encode()
    (folder / FACTS_FILE).write_bytes(raw)
    (folder / DIGEST_FILE).write_text(f"{hashlib.sha256(raw).hexdigest()}  {FACTS_FILE}\n")
    return folder


def facts_of(folder):
    """Return bundle.json as plain objects."""
    return json.loads((folder / FACTS_FILE).read_bytes())


def test_the_packaged_bundle_is_whole_small_and_answers_its_test_card():
    """What ships with the package runs seconds after installation."""
    opened = open_bundle(PACKAGED)

    prediction = opened.classifier().classify(card_picture())

    assert prediction.scores == pytest.approx(opened.facts.test_card.scores, abs=0.08)
    assert sum(len(contents) for contents in CONTENTS.values()) < 300_000
    assert set(opened.labels) == {"coin", "key", "nut", "paper_clip", "part_a", "part_b", "screw"}


def test_the_packaged_bundle_says_nothing_of_the_machine_that_made_it():
    """No absolute path in any file, the report included."""
    for name in (FACTS_FILE, "report.json", "report.html"):
        text = CONTENTS[name].decode()
        assert not any(f"{root}/" in text for root in ("/tmp", "/home", "/work", "/root", "/usr", "/var")), name


@given(name=st.sampled_from(sorted(CONTENTS)), position=st.floats(0, 0.999999), change=st.integers(1, 255))
def test_one_changed_byte_in_any_file_is_refused(scratch, name, position, change):
    """Whichever byte: BundleError, with the file named, before a runtime sees the model."""
    data = bytearray(CONTENTS[name])
    data[int(len(data) * position)] ^= change

    with pytest.raises(BundleError) as caught:
        open_bundle(spoiled(scratch, name, bytes(data)))

    assert name.removesuffix(".sha256") in str(caught.value)


@given(name=st.sampled_from(sorted(CONTENTS)), keep=st.floats(0, 0.999))
def test_a_truncated_file_is_refused(scratch, name, keep):
    """An interrupted copy never reaches the runtime, which could crash on it."""
    data = CONTENTS[name]

    with pytest.raises(BundleError):
        open_bundle(spoiled(scratch, name, data[: int(len(data) * keep)]))


@pytest.mark.parametrize("name", sorted(CONTENTS))
def test_an_appended_byte_is_refused(scratch, name):
    """More than was written is as wrong as less."""
    with pytest.raises(BundleError):
        open_bundle(spoiled(scratch, name, CONTENTS[name] + b"\n"))


@pytest.mark.parametrize("name", sorted(CONTENTS))
def test_a_missing_file_is_named(bundle, name):
    """The sentence starts with the path that is not there."""
    (bundle / name).unlink()

    with pytest.raises(BundleError) as caught:
        open_bundle(bundle)

    assert str(caught.value).startswith(f"{bundle / name}: expected a file of the bundle")


@pytest.mark.parametrize("name", sorted(CONTENTS))
@pytest.mark.parametrize("stand_in", [Path.mkdir, os.mkfifo])
def test_a_folder_or_a_pipe_in_place_of_a_file_is_refused(bundle, name, stand_in):
    """Reading a pipe would wait for ever."""
    (bundle / name).unlink()
    stand_in(bundle / name)

    with pytest.raises(BundleError, match="expected a file of the bundle"):
        open_bundle(bundle)


def test_two_swapped_files_are_refused(bundle):
    """Both are whole, but neither is what its name says."""
    (bundle / "report.json").write_bytes(CONTENTS["report.html"])
    (bundle / "report.html").write_bytes(CONTENTS["report.json"])

    with pytest.raises(BundleError, match=r"report\."):
        open_bundle(bundle)


def test_no_folder_is_no_bundle(tmp_path):
    """A mistyped path is answered with how a bundle is made."""
    with pytest.raises(BundleError, match="make one with: edge-sort quantize"):
        open_bundle(tmp_path / "typo")


@pytest.mark.parametrize("version", [0, 2, "1", None, 1.5, [1], True, 1.0])
def test_another_format_version_is_refused(bundle, version):
    """An older or newer program must not guess."""
    with pytest.raises(BundleError, match="expected bundle format 1, found"):
        open_bundle(with_facts(bundle, {**facts_of(bundle), "format_version": version}))


@pytest.mark.parametrize(
    "name", ["../outside.tflite", "/etc/hostname", "sub/model.tflite", "..", ".", "", "a\0b", "\u202e", "x" * 5000]
)
def test_a_name_that_leads_out_of_the_bundle_is_refused(bundle, name):
    """Only plain names of files inside the folder, whatever lies elsewhere."""
    (bundle.parent / "outside.tflite").write_bytes(CONTENTS[MODEL_FILE])
    facts = facts_of(bundle)
    facts["files"][name] = facts["files"][MODEL_FILE]

    with pytest.raises(BundleError):
        open_bundle(with_facts(bundle, facts))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\xfe",
        b"null",
        b"[]",
        b'"text"',
        b"{}",
        b"[" * 100_000,
        b'{"format_version": 1}',
        b'{"format_version": ' + b"9" * 5000 + b"}",
        b'{"format_version": 1, "labels": {"a": NaN}}',
        b'{"format_version": 1, "labels": 1e999}',
        b'{"format_version": 1, "format_version": 1}',
        b'{"format_version": true}',
        b'{"format_version": "' + b"x" * 100_000 + b'"}',
        b'{"format_version": 1, "\\u001b[2J": 0}',
        b'{"format_version": 1, "\\ud800": 0}',
        '{"format_version": 1}'.encode("utf-16"),
        b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    ],
)
def test_hostile_json_is_refused(bundle, raw):
    """Empty, not UTF-8, of another shape, nested beyond the stack: one short sentence that any terminal can show."""
    with pytest.raises(BundleError, match=FACTS_FILE) as caught:
        open_bundle(with_facts(bundle, raw))

    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < len(str(bundle)) + 500


def test_endless_facts_are_not_read_to_the_end(bundle):
    """A sparse file of 50 GB costs neither memory nor time."""
    with (bundle / FACTS_FILE).open("r+b") as file:
        file.truncate(50_000_000_000)

    with pytest.raises(BundleError, match="changed since the bundle was made"):
        open_bundle(bundle)


def altered(**changes):
    """Return a function that changes top-level facts."""
    return lambda facts: {**facts, **changes}


@pytest.mark.parametrize(
    "change",
    [
        altered(labels=["bolt"]),
        altered(labels=["coin"] * 7),
        altered(labels="coin"),
        altered(labels=["coin", "co\u0000in", "a", "b", "c", "d", "e"]),
        altered(labels=["nioc\u202e", "a", "b", "c", "d", "e", "f"]),
        altered(labels=["coin", "\uff43oin", "a", "b", "c", "d", "e"]),
        altered(labels=["", " ", "a", "b", "c", "d", "e"]),
        altered(golden=None),
        lambda facts: {**facts, "files": {**facts["files"], "notes.txt": facts["files"][MODEL_FILE]}},
        lambda facts: {**facts, "files": {MODEL_FILE: {**facts["files"][MODEL_FILE], "size_bytes": 10**18}}},
        altered(thresholds={}),
        altered(extra=1),
        altered(input={"width_px": 0, "height_px": 96}),
        altered(input={"width_px": 96, "height_px": 96, "color": "bgr"}),
        altered(test_card={"input_sha256": "", "scores": "none"}),
        altered(conventions={"answers": "yes"}),
        altered(conventions={"normalization": {"mean": [1, 2], "std": [1]}}),
        altered(conventions={"normalization": {"mean": [0], "std": [0]}}),
        altered(files={}),
        lambda facts: {key: value for key, value in facts.items() if key != "provenance"},
        lambda facts: {**facts, "thresholds": {label: {"min_score": 1.5} for label in facts["labels"]}},
        lambda facts: {**facts, "files": {MODEL_FILE: {"sha256": "xyz", "size_bytes": 1}}},
        lambda facts: {**facts, "files": {MODEL_FILE: {**facts["files"][MODEL_FILE], "size_bytes": -1}}},
    ],
)
def test_facts_that_do_not_hold_together_are_refused(bundle, change):
    """A fitting digest does not make them right."""
    with pytest.raises(BundleError):
        open_bundle(with_facts(bundle, change(facts_of(bundle))))


@pytest.mark.parametrize(
    "otherwise",
    [
        lambda card: {**card, "input_sha256": "0" * 64},
        lambda card: {**card, "scores": [1 - score for score in card["scores"]]},
    ],
)
def test_a_machine_that_answers_the_test_card_otherwise_does_not_sort(bundle, otherwise):
    """Another resize or another arithmetic is found before the first part, not in the bins."""
    facts = facts_of(bundle)
    facts["test_card"] = otherwise(facts["test_card"])
    opened = open_bundle(with_facts(bundle, facts))

    with pytest.raises(BundleError, match="test card"):
        opened.classifier()


def parsed():
    """Return the packaged bundle's facts as their record."""
    return BundleFacts.model_validate_json(CONTENTS[FACTS_FILE])


def test_a_written_bundle_opens_as_it_was(tmp_path):
    """Facts and files come back; sizes and digests are filled in."""
    kept = {name: CONTENTS[name] for name in parsed().files}

    written = write_bundle(tmp_path / "out", parsed().model_copy(update={"files": {}}), kept)

    assert written.facts == parsed()
    assert {name: (tmp_path / "out" / name).read_bytes() for name in kept} == kept
    assert {path.name for path in (tmp_path / "out").iterdir()} == set(CONTENTS)


def test_a_bundle_in_use_is_not_written_over(bundle):
    """The old one stays as it is."""
    with pytest.raises(DataError, match="found one in use"):
        write_bundle(bundle, parsed(), {MODEL_FILE: b"new"})

    assert open_bundle(bundle).facts == parsed()


def test_a_file_that_no_bundle_may_hold_is_a_programming_mistake(tmp_path):
    """What writes a new kind of file must list it where bundles are opened."""
    with pytest.raises(ValueError, match="OPTIONAL_FILES"):
        write_bundle(tmp_path / "out", parsed(), {MODEL_FILE: CONTENTS[MODEL_FILE], "notes.txt": b"x"})

    assert not (tmp_path / "out").exists()


def test_the_runtime_gets_the_bytes_that_were_verified(bundle):
    """A model exchanged after the bundle was opened is found when it is loaded."""
    opened = open_bundle(bundle)
    (bundle / MODEL_FILE).write_bytes(CONTENTS[MODEL_FILE][:-1] + b"x")

    with pytest.raises(BundleError, match="changed since the bundle was made"):
        opened.classifier()


def test_a_bundle_from_before_golden_inputs_still_sorts(bundle):
    """They are optional: its facts have no such key."""
    facts = facts_of(bundle)
    del facts["golden"], facts["files"]["golden.png"]

    opened = open_bundle(with_facts(bundle, facts))

    assert opened.facts.golden is None
    assert opened.classifier().classify(card_picture()).label == "coin"


def test_a_failed_write_leaves_nothing(tmp_path, monkeypatch):
    """A full disk in the middle: no bundle and no draft of one."""

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        write_bundle(tmp_path / "out", parsed(), {MODEL_FILE: CONTENTS[MODEL_FILE]})

    assert list(tmp_path.iterdir()) == []
