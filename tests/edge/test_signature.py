"""Whose bundle is this? Signed, unsigned, signed by another, altered."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from edge import signature
from edge.bundle import DIGEST_FILE, FACTS_FILE, MODEL_FILE, SIGNATURE_FILE, open_bundle, write_bundle
from edge.bundle_archive import pack_bundle, unpack_bundle
from edge.cli import cli
from edge.emulated_world import packaged_bundle
from edge.errors import BundleError, DataError, MissingPackageError
from edge.signature import make_keys, open_signed, sign_bundle

pytest.importorskip("cryptography", reason="signatures come with pip install '.[sign]'")


def no_passphrase():
    """For keys that have none."""
    pytest.fail("nobody should be asked")


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """Two pairs: ours and somebody else's, as the private key files."""
    folder = tmp_path_factory.mktemp("keys")
    for name in ("ours", "theirs"):
        make_keys(folder / name)
    return folder


@pytest.fixture
def signed(keys, tmp_path):
    """The packaged bundle, signed by us."""
    folder = Path(shutil.copytree(packaged_bundle(), tmp_path / "bundle"))
    sign_bundle(folder, keys / "ours", no_passphrase)
    return folder


def command(*arguments, **options):
    """Run the command line in this process."""
    return CliRunner().invoke(cli, [str(argument) for argument in arguments], **options)


def test_a_signed_bundle_is_recognised(signed, keys):
    """And it is still the bundle it was."""
    assert open_signed(signed, keys / "ours.pub").digest == open_bundle(packaged_bundle()).digest


def test_another_key_is_refused(signed, keys):
    """The file and the key are both named."""
    with pytest.raises(BundleError, match=r"bundle\.json\.sig: expected a signature .*theirs\.pub"):
        open_signed(signed, keys / "theirs.pub")


def test_an_unsigned_bundle_is_refused(keys):
    """Also the one that comes with the package."""
    with pytest.raises(BundleError, match="sign the bundle where it was made"):
        open_signed(packaged_bundle(), keys / "ours.pub")


@pytest.mark.parametrize("name", [FACTS_FILE, DIGEST_FILE, MODEL_FILE, SIGNATURE_FILE])
def test_one_changed_byte_is_refused(signed, keys, name):
    """In the signature, or in anything it speaks for."""
    data = bytearray((signed / name).read_bytes())
    data[20] ^= 1
    (signed / name).write_bytes(data)

    with pytest.raises(BundleError, match=name.removesuffix(".sha256")):
        open_signed(signed, keys / "ours.pub")


def test_a_bundle_made_anew_with_fitting_digests_is_refused(signed, keys, tmp_path):
    """What digests cannot tell, a signature can: another threshold, every digest computed again."""
    opened = open_bundle(signed)
    lower = {label: limit.model_copy(update={"min_score": 0.0}) for label, limit in opened.facts.thresholds.items()}
    files = {name: opened.read(name) for name in opened.facts.files}
    write_bundle(tmp_path / "forged", opened.facts.model_copy(update={"thresholds": lower}), files)
    shutil.copy(signed / SIGNATURE_FILE, tmp_path / "forged")

    open_bundle(tmp_path / "forged")
    with pytest.raises(BundleError, match="expected a signature"):
        open_signed(tmp_path / "forged", keys / "ours.pub")


@pytest.mark.parametrize("data", [b"", b"x" * 63, b"x" * 65, bytes(64), b"x" * 64])
def test_what_is_no_signature_is_refused(signed, keys, data):
    """Too short, too long, zeros, noise."""
    (signed / SIGNATURE_FILE).write_bytes(data)

    with pytest.raises(BundleError, match=r"bundle\.json\.sig: expected"):
        open_signed(signed, keys / "ours.pub")


def test_a_signature_survives_transport(signed, keys, tmp_path):
    """Packed, unpacked, verified."""
    pack_bundle(signed, tmp_path / "bundle.tar")
    unpack_bundle(tmp_path / "bundle.tar", tmp_path / "out")

    open_signed(tmp_path / "out", keys / "ours.pub")


def test_a_bundle_can_be_signed_again_by_another(signed, keys):
    """The newer signature takes the place of the older one."""
    sign_bundle(signed, keys / "theirs", no_passphrase)

    open_signed(signed, keys / "theirs.pub")


def test_the_older_signature_holds_until_the_newer_one_is_whole(signed, keys, monkeypatch):
    """Whenever the machine stops, a device that demands signatures finds one: nothing is taken away before."""
    seen = []

    def watched(name):
        real = getattr(os, name)

        def call(*arguments, **options):
            for moment in ("before", "after"):
                whose = [owner for owner in ("ours", "theirs") if is_signed_by(signed, keys / f"{owner}.pub")]
                seen.append((name, moment, *whose))
                if moment == "before":
                    done = real(*arguments, **options)
            return done

        monkeypatch.setattr(os, name, call)

    for name in ("rename", "fsync", "unlink", "chmod", "replace"):
        watched(name)
    sign_bundle(signed, keys / "theirs", no_passphrase)
    monkeypatch.undo()

    owners = [owner for _, _, *owner in seen]
    assert ["theirs"] in owners
    assert owners == sorted(owners), "first ours, then theirs, and never none"
    assert all(owners)


def is_signed_by(folder, public):
    """Say whether the bundle bears this key's signature."""
    try:
        open_signed(folder, public)
    except BundleError:
        return False
    return True


@pytest.mark.parametrize("stops", ["fsync", "rename"])
def test_a_signing_that_fails_leaves_the_older_signature(signed, keys, monkeypatch, stops):
    """A full disk, Ctrl-C: nothing half, nothing beside it."""

    def fail(*_arguments, **_options):
        raise OSError(28, "No space left on device")

    before = sorted(path.name for path in signed.iterdir())
    monkeypatch.setattr(os, stops, fail)
    with pytest.raises(OSError, match="No space"):
        sign_bundle(signed, keys / "theirs", no_passphrase)
    monkeypatch.undo()

    open_signed(signed, keys / "ours.pub")
    assert sorted(path.name for path in signed.iterdir()) == before


def test_a_folder_where_the_signature_belongs_is_told(signed, keys):
    """Not removed, not written into."""
    (signed / SIGNATURE_FILE).unlink()
    (signed / SIGNATURE_FILE).mkdir()

    with pytest.raises(DataError, match=r"bundle\.json\.sig: expected a new file"):
        sign_bundle(signed, keys / "ours", no_passphrase)


def test_a_damaged_bundle_is_not_signed(signed, keys):
    """A signature says that somebody stands for it."""
    (signed / MODEL_FILE).write_bytes(b"other")

    with pytest.raises(BundleError, match=r"model\.tflite"):
        sign_bundle(signed, keys / "ours", no_passphrase)


def test_only_its_owner_can_read_a_private_key(keys):
    """The public one is for everybody."""
    assert (keys / "ours").stat().st_mode & 0o777 == 0o600
    assert (keys / "ours.pub").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("taken", ["mine", "mine.pub"])
def test_keys_are_never_overwritten(tmp_path, taken):
    """Neither half, and then the other half is not written either."""
    (tmp_path / taken).write_text("older")

    with pytest.raises(DataError, match="found one that exists"):
        make_keys(tmp_path / "mine")

    assert [path.name for path in tmp_path.iterdir()] == [taken]
    assert (tmp_path / taken).read_text() == "older"


def test_a_pair_that_cannot_be_written_whole_is_not_written(tmp_path, monkeypatch):
    """Half a pair would stand in the way of the next try."""

    def full(_handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        make_keys(tmp_path / "mine")

    assert list(tmp_path.iterdir()) == []


def test_a_private_key_that_others_can_read_is_refused(signed, keys, tmp_path):
    """As ssh does."""
    loose = Path(shutil.copy(keys / "ours", tmp_path / "loose"))
    loose.chmod(0o644)

    with pytest.raises(DataError, match="found mode 644"):
        sign_bundle(signed, loose, no_passphrase)


@pytest.mark.parametrize("wrong", ["none", "noise", "ours", "ec.pub"])
def test_what_is_no_public_key_is_refused(signed, keys, tmp_path, wrong):
    """Nothing there, noise, the private half, a key of another kind."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "ec.pub").write_bytes(pem)
    (tmp_path / "noise").write_bytes(bytes(range(256)))
    shutil.copy(keys / "ours", tmp_path / "ours")

    with pytest.raises(DataError, match="edge-sort bundle keygen"):
        open_signed(signed, tmp_path / wrong)


def test_without_the_library_the_command_that_installs_it_is_named(signed, keys, monkeypatch):
    """A device that demands signatures must be able to check them."""
    monkeypatch.setitem(sys.modules, signature._SERIALIZATION, None)

    with pytest.raises(MissingPackageError, match=r"pip install '\.\[sign\]'"):
        open_signed(signed, keys / "ours.pub")


def test_a_passphrase_protects_a_key(tmp_path):
    """Asked for twice when made and once when used; a wrong one is one sentence."""
    bundle = Path(shutil.copytree(packaged_bundle(), tmp_path / "bundle"))
    made = command("bundle", "keygen", tmp_path / "key", "--passphrase", input="secret\nsecret\n")
    assert made.exit_code == 0, made.output
    assert b"ENCRYPTED" in (tmp_path / "key").read_bytes()

    wrong = command("bundle", "sign", bundle, "--key", tmp_path / "key", input="guess\n")
    assert wrong.exit_code == 1
    assert "the passphrase is another" in wrong.stderr
    assert command("bundle", "sign", bundle, "--key", tmp_path / "key", input="secret\n").exit_code == 0
    assert command("bundle", "verify", bundle, "--key", tmp_path / "key.pub").exit_code == 0


def test_the_line_runs_only_what_was_signed(signed, keys):
    """run --require-signed: ours runs, theirs and the unsigned one do not."""
    emulate = ("run", "--emulate", "--fast", "--count", "1", "--require-signed")

    assert command(*emulate, keys / "ours.pub", "--bundle", signed).exit_code == 0
    for arguments in ((keys / "theirs.pub", "--bundle", signed), (keys / "ours.pub",)):
        refused = command(*emulate, *arguments)
        assert refused.exit_code == 1
        assert f"{SIGNATURE_FILE}: expected a signature" in refused.stderr


def test_the_machine_runs_only_what_was_signed(keys, tmp_path):
    """Before a pin or a camera is opened."""
    machine = tmp_path / "machine.toml"
    machine.write_text(command("machine", "--bundle", packaged_bundle()).stdout)

    refused = command("run", "--bundle", packaged_bundle(), "--machine", machine, "--require-signed", keys / "ours.pub")

    assert refused.exit_code == 1
    assert f"{SIGNATURE_FILE}: expected a signature" in refused.stderr


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_openssl_verifies_the_same_signature(signed, keys):
    """Nobody needs this program to check a bundle."""
    done = subprocess.run(
        ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", keys / "ours.pub", "-rawin",
         "-in", signed / FACTS_FILE, "-sigfile", signed / SIGNATURE_FILE],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
