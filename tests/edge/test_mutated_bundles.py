"""A thousand damaged and hostile bundles: none is loaded, none ends the process, every error names the file.

What a bundle with fitting digests says cannot be told from what its maker wanted, unless it contradicts itself or the
model: so the mutants here are either damaged (the digests no longer fit) or impossible (they fit, but no value of that
kind may stand there). Models with fitting digests have a test of their own: some of them do run.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections import Counter
from dataclasses import dataclass

import numpy as np
import pytest

from edge.bundle import DIGEST_FILE, FACTS_FILE, MODEL_FILE, OPTIONAL_FILES, open_bundle
from edge.bundle_archive import pack_bundle, unpack_bundle
from edge.bundle_facts import Unknown
from edge.conventions import Conventions
from edge.emulated_world import packaged_bundle
from edge.errors import BundleError, EdgeSortError, ModelError
from edge.test_card import SCORE_TOLERANCE, card_picture

CONTENTS = {path.name: path.read_bytes() for path in sorted(packaged_bundle().iterdir())}
FACTS = json.loads(CONTENTS[FACTS_FILE])
# never right, wherever it stands; as JSON
HOSTILE = (
    "NaN", "-Infinity", "1e999", "-1e-999e", "9" * 5000, "-" + "9" * 400, "[" * 5000, '{"a":' * 3000, '"\\u0000"',
    '"\\ud800"', '"\\u202e\\u0007"', '"' + "x" * 600 + '"', '{"a":1,"a":1}', "[[[[]]]]", '{"": {"": [0]}}', "tru",
    "\x00", "\ufeff1", "01", "'", '"\n"', "0x10", "[1,]",
)  # fmt: skip
ANYTHING_GOES = "provenance"  # written for people; nothing is computed from it
# without one of these a bundle is whole and sorts the same
OPTIONAL_KEYS = (
    "purity", "recovery", "color", "resize_filter", "fit", *OPTIONAL_FILES, *Conventions.model_fields,
    *Unknown.model_fields, "conventions", "temperature", "unknown", "forced",
)  # fmt: skip
KINDS = ("flip", "cut", "grow", "swap", "facts", "key", "raw", "archive")


@dataclass(frozen=True)
class Mutant:
    """A spoiled bundle: contents by name, or one packed file; and a name that the error must give."""

    contents: dict[str, bytes]
    packed: bytes | None
    named: str


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    """The packaged bundle in one file, as bytes."""
    file = tmp_path_factory.mktemp("packed") / "bundle.tar"
    pack_bundle(packaged_bundle(), file)
    return file.read_bytes()


def flipped(data, chance):
    """Flip one bit, or a few."""
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 8))):
        changed[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return bytes(changed) if bytes(changed) != data else flipped(data, chance)


def places(value, at=()):
    """List the path of everything in the facts, but not inside what is free."""
    yield at
    if at[:1] == (ANYTHING_GOES,):
        return
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield from places(inner, (*at, key))


PLACES = [place for place in places(FACTS) if place and place[0] != ANYTHING_GOES]


def facts_with(place, text):
    """Return bundle.json with `text` in one place, as written: it need not be JSON."""
    facts = json.loads(CONTENTS[FACTS_FILE])
    holder = facts
    for key in place[:-1]:
        holder = holder[key]
    holder[place[-1]] = "@@here@@"
    return json.dumps(facts).replace('"@@here@@"', text).encode("utf-8", "surrogatepass")


def with_fitting_digest(raw):
    """Return the bundle with other facts, its own digest computed again."""
    digest = f"{hashlib.sha256(raw).hexdigest()}  {FACTS_FILE}\n".encode()
    return CONTENTS | {FACTS_FILE: raw, DIGEST_FILE: digest}


def without_or_with_another_key(chance):
    """Take a key out of the facts, add one, or write one in a way that only looks the same."""
    facts = json.loads(CONTENTS[FACTS_FILE])
    *way, key = chance.choice([place for place in PLACES if isinstance(place[-1], str)])
    holder = facts
    for step in way:
        holder = holder[step]
    value = holder.pop(key)
    other = chance.choice((f"{key}\0", f"{key}\u200b", key.upper() + "x", f" {key}", f"\u202e{key}", "../" + key))
    if key in OPTIONAL_KEYS or chance.random() < 0.6:
        holder[other] = value
    return json.dumps(facts).encode()


def spoiled_packed(packed, chance):
    """Damage a packed bundle in one of several ways."""
    way = chance.choice(("flip", "header", "cut", "grow", "move"))
    if way == "flip":
        return flipped(packed, chance)
    if way == "header":
        start = chance.choice(
            [at for at in range(0, len(packed) - 1024, 512) if packed[at + 257 : at + 262] == b"ustar"]
        )
        return packed[:start] + flipped(packed[start : start + 512], chance) + packed[start + 512 :]
    if way == "cut":
        return packed[: chance.randrange(len(packed))]
    if way == "grow":
        at = chance.randrange(len(packed) + 1)
        return packed[:at] + chance.randbytes(chance.choice((1, 512))) + packed[at:]
    at, to = chance.sample(range(len(packed) // 512), 2)
    block = packed[at * 512 : at * 512 + 512]
    moved = packed[: to * 512] + block + packed[to * 512 + 512 :]
    return moved if moved != packed else flipped(packed, chance)


def mutant(number, packed):
    """Make the mutant of this number; the same one every time."""
    chance = random.Random(number)
    kind = KINDS[number % len(KINDS)]
    name = chance.choice(sorted(CONTENTS))
    data, stem = CONTENTS[name], name.removesuffix(".sha256")
    if kind == "flip":
        return Mutant(CONTENTS | {name: flipped(data, chance)}, None, stem)
    if kind == "cut":
        return Mutant(CONTENTS | {name: data[: chance.randrange(len(data))]}, None, stem)
    if kind == "grow":
        return Mutant(CONTENTS | {name: data + chance.randbytes(chance.choice((1, 9, 4096)))}, None, stem)
    if kind == "swap":
        other = chance.choice([one for one in sorted(CONTENTS) if one != name])
        return Mutant(CONTENTS | {name: CONTENTS[other], other: data}, None, "")
    if kind == "facts":
        return Mutant(with_fitting_digest(facts_with(chance.choice(PLACES), chance.choice(HOSTILE))), None, FACTS_FILE)
    if kind == "key":
        return Mutant(with_fitting_digest(without_or_with_another_key(chance)), None, FACTS_FILE)
    if kind == "raw":
        return Mutant(with_fitting_digest(flipped_json(chance)), None, FACTS_FILE)
    return Mutant({}, spoiled_packed(packed, chance), "bundle.tar")


def flipped_json(chance):
    """Break the text of bundle.json where it has its brackets and signs, but not in what is written for people."""
    raw = CONTENTS[FACTS_FILE]
    free = range(raw.index(f'"{ANYTHING_GOES}"'.encode()), raw.index(b'"test_card"'))
    at = chance.choice([index for index, byte in enumerate(raw) if byte in b'{}[]":,' and index not in free])
    other = chance.choice(
        [one for one in (b"", b"\0", b"\xff", b"[", b"}", b"\\", b"\x1b[2J") if one != raw[at : at + 1]]
    )
    return raw[:at] + other + raw[at + 1 :]


def load(folder, mutant):
    """Do with a mutant what a device would: unpack it or copy it there, open it, load it."""
    source = folder / ("bundle.tar" if mutant.packed is not None else "bundle")
    if mutant.packed is not None:
        source.write_bytes(mutant.packed)
        return unpack_bundle(source, folder / "out").classifier()
    source.mkdir()
    for name, data in mutant.contents.items():
        (source / name).write_bytes(data)
    return open_bundle(source).classifier()


def refused(folder, mutant):
    """Load a mutant, which must not load; return the sentence."""
    folder.mkdir()
    with pytest.raises(EdgeSortError) as caught:
        load(folder, mutant)
    said = str(caught.value)
    assert str(folder) in said
    assert mutant.named in said
    assert said.isprintable()
    assert len(said) < len(str(folder)) + 800
    assert not (folder / "out").exists()
    return said


def test_mutants_are_refused(tmp_path, packed):
    """A sample of every kind; `make test-slow` has the rest of the thousand."""
    for number in range(0, 1000, 7):
        refused(tmp_path / str(number), mutant(number, packed))


@pytest.mark.slow
def test_a_thousand_mutants_are_refused(tmp_path, packed):
    """Bit flips, truncations, swapped files, hostile JSON, damaged archives."""
    said = Counter(refused(tmp_path / str(n), mutant(n, packed)).split("bundle", 1)[1][:40] for n in range(1000))

    assert said.total() == 1000
    assert len(said) > 20, "they are refused for many different reasons"


# Models whose digests fit: only the runtime can find them wrong, and it may die of them.


def model_mutant(number):
    """Spoil the model where its structure is described; the weights, in the middle of the file, stay as they are."""
    chance = random.Random(number)
    model = bytearray(CONTENTS[MODEL_FILE])
    structure = [*range(600), *range(len(model) - 6600, len(model))]
    for _ in range(chance.choice((1, 1, 2))):
        at = chance.choice(structure)
        way = chance.randrange(4)
        if way == 0:
            model[at] ^= 1 << chance.randrange(8)
        elif way == 1:
            model[at] = chance.randrange(256)
        else:
            whole = chance.choice((b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\x80", chance.randbytes(4)))
            model[at : at + 4] = whole[: len(model) - at]
    return bytes(model)


def with_model(folder, model):
    """Write a bundle around a model, every digest computed again."""
    facts = json.loads(CONTENTS[FACTS_FILE])
    facts["files"][MODEL_FILE] = {"sha256": hashlib.sha256(model).hexdigest(), "size_bytes": len(model)}
    folder.mkdir()
    for name, data in (with_fitting_digest(json.dumps(facts).encode()) | {MODEL_FILE: model}).items():
        (folder / name).write_bytes(data)
    return open_bundle(folder)


def outcome(folder, model):
    """Load and run a spoiled model in this very process, and say what came of it."""
    bundle = with_model(folder, model)
    try:
        scores = bundle.classifier().scores(card_picture())
    except (BundleError, ModelError) as error:
        said = str(error)
        return f"unnamed: {said}" if str(folder) not in said else "crashed" if "crashed on it" in said else "refused"
    assert np.abs(scores - np.array(FACTS["test_card"]["scores"])).max() <= SCORE_TOLERANCE
    return "ran"


@pytest.mark.slow
def test_spoiled_models_with_fitting_digests_do_not_end_the_process(tmp_path):
    """A few of them, each refused in one sentence, or harmless; without the fourth, which runs for seconds."""
    came = Counter(outcome(tmp_path / str(number), model_mutant(number)) for number in (0, 1, 2, 3, 5, 6))

    assert set(came) <= {"refused", "crashed", "ran"}


@pytest.mark.slow
def test_two_hundred_spoiled_models_do_not_end_the_process(tmp_path):
    """Each is refused in one sentence, or runs and answers test card and golden inputs as the whole one does."""
    came = Counter(outcome(tmp_path / str(number), model_mutant(number)) for number in range(200))

    assert set(came) <= {"refused", "crashed", "ran"}
    assert came["refused"] > 50
