"""One file for transport: what was packed comes out, and nothing else ever does."""

import gzip
import io
import os
import shutil
import tarfile
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from edge import bundle_archive
from edge.bundle import DIGEST_FILE, FACTS_FILE, MODEL_FILE, SIGNATURE_FILE
from edge.bundle_archive import pack_bundle, unpack_bundle
from edge.cli import cli
from edge.emulated_world import packaged_bundle
from edge.errors import BundleError, DataError


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    """The packaged bundle in one file, as bytes."""
    file = tmp_path_factory.mktemp("packed") / "bundle.tar"
    pack_bundle(packaged_bundle(), file)
    return file.read_bytes()


def contents(folder):
    """Return every file of a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def refused(tmp_path, data, match=None):
    """Unpack bytes that are no packed bundle: BundleError naming the file, and nothing is left anywhere."""
    file = tmp_path / "bundle.tar"
    file.write_bytes(data)
    with pytest.raises(BundleError, match=match) as caught:
        unpack_bundle(file, tmp_path / "out")
    assert str(caught.value).startswith(str(file))
    assert str(caught.value).isprintable()
    assert list(tmp_path.iterdir()) == [file]


def members(packed):
    """Return the members of a packed bundle, as (header, contents)."""
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        return [(entry, archive.extractfile(entry).read()) for entry in archive]


def tar_of(entries, form=tarfile.USTAR_FORMAT):
    """Write an archive of (header, contents), whatever they are; contents may be fewer than announced."""
    out = b"".join(entry.tobuf(form) + data + bytes(-len(data) % 512) for entry, data in entries)
    return out + bytes(1024)


def test_what_was_packed_is_unpacked(packed, tmp_path):
    """Every byte of every file."""
    (tmp_path / "bundle.tar").write_bytes(packed)

    unpack_bundle(tmp_path / "bundle.tar", tmp_path / "out")

    assert contents(tmp_path / "out") == contents(packaged_bundle())


def test_the_same_bundle_gives_the_same_bytes(packed, tmp_path):
    """Whatever the files' times and modes, and whatever else lies in the folder."""
    copy = Path(shutil.copytree(packaged_bundle(), tmp_path / "copy"))
    (copy / ".DS_Store").write_bytes(b"left by a file manager")
    for path in copy.iterdir():
        os.utime(path, (1, 1))
        path.chmod(0o600)

    pack_bundle(copy, tmp_path / "again.tar")

    assert (tmp_path / "again.tar").read_bytes() == packed


def test_a_tar_program_can_read_it(packed):
    """A plain archive: digest and facts first, then the other files by name."""
    names = [entry.name for entry, _ in members(packed)]

    assert names == [DIGEST_FILE, FACTS_FILE, "golden.png", MODEL_FILE, "report.html", "report.json"]


def test_a_signature_travels_with_its_bundle(tmp_path):
    """It is packed when it is there."""
    copy = Path(shutil.copytree(packaged_bundle(), tmp_path / "copy"))
    (copy / SIGNATURE_FILE).write_bytes(b"s" * 64)

    pack_bundle(copy, tmp_path / "bundle.tar")
    unpack_bundle(tmp_path / "bundle.tar", tmp_path / "out")

    assert contents(tmp_path / "out") == contents(copy)


def test_a_damaged_bundle_is_not_packed(tmp_path):
    """Nothing wrong leaves the desk."""
    copy = Path(shutil.copytree(packaged_bundle(), tmp_path / "copy"))
    (copy / MODEL_FILE).write_bytes(b"other")

    with pytest.raises(BundleError, match=r"copy/model\.tflite"):
        pack_bundle(copy, tmp_path / "bundle.tar")

    assert list(tmp_path.iterdir()) == [copy]


def test_nothing_is_written_over(packed, tmp_path):
    """Neither a file by packing nor a folder by unpacking."""
    (tmp_path / "bundle.tar").write_bytes(packed)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")

    with pytest.raises(DataError, match="found one that exists"):
        pack_bundle(packaged_bundle(), tmp_path / "bundle.tar")
    with pytest.raises(DataError, match="found one in use"):
        unpack_bundle(tmp_path / "bundle.tar", tmp_path / "mine")

    assert (tmp_path / "bundle.tar").read_bytes() == packed
    assert contents(tmp_path / "mine") == {"notes.txt": b"mine"}


@pytest.mark.parametrize("cut", [0, 1, 511, 512, 600, 1024, 30_000, 200_000, -1024, -1023, -513, -512, -1])
def test_a_truncated_file_is_refused(packed, tmp_path, cut):
    """A copy that broke off, wherever it did."""
    refused(tmp_path, packed[:cut])


@pytest.mark.parametrize("more", [b"\0", bytes(512), b"x", bytes(9216)])
def test_bytes_after_the_end_are_refused(packed, tmp_path, more):
    """Even the zeros that tar programs like to add: one bundle, one file."""
    refused(tmp_path, packed + more, "nothing but its end")


def with_header(packed, index, **fields):
    """Change fields of one member's header; its checksum is right again."""
    entries = members(packed)
    for field, value in fields.items():
        setattr(entries[index][0], field, value)
    return tar_of(entries)


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "../model.tflite"},
        {"name": "/tmp/model.tflite"},
        {"name": "sub/model.tflite"},
        {"name": "./model.tflite"},
        {"name": "MODEL.TFLITE"},
        {"name": "model.tflite\u202e"},
        {"name": "notes.txt"},
        {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"},
        {"type": tarfile.LNKTYPE, "linkname": "bundle.json"},
        {"type": tarfile.CHRTYPE},
        {"type": tarfile.BLKTYPE},
        {"type": tarfile.FIFOTYPE},
        {"type": tarfile.DIRTYPE},
        {"type": tarfile.CONTTYPE},
        {"type": tarfile.AREGTYPE},
        {"type": tarfile.GNUTYPE_SPARSE},
        {"type": tarfile.GNUTYPE_LONGNAME},
        {"type": tarfile.XHDTYPE},
        {"type": b"Z"},
        {"mode": 0o4755},
        {"uid": 1000},
        {"uname": "root"},
        {"mtime": 1},
        {"linkname": "elsewhere"},
        {"size": 8**11 - 1},
        {"size": 400_000_000},
        {"size": 0},
    ],
)
def test_a_member_that_pack_would_not_write_is_refused(packed, tmp_path, fields):
    """Paths, links, devices, folders, extended headers, owners, sizes that are not true."""
    refused(tmp_path, with_header(packed, 3, **fields))


def test_a_member_named_with_a_null_byte_is_refused(packed, tmp_path):
    """What C reads as one name and Python as another."""
    entries = members(packed)
    head = bytearray(entries[3][0].tobuf(tarfile.USTAR_FORMAT))
    head[12:20] = b"\0.tflite"
    head[148:156] = b"        "
    head[148:156] = b"%06o\0 " % sum(head)
    rest = b"".join(entry.tobuf(tarfile.USTAR_FORMAT) + data + bytes(-len(data) % 512) for entry, data in entries[:3])

    refused(tmp_path, rest + bytes(head) + entries[3][1] + bytes(1024))


@pytest.mark.parametrize("change", [lambda e: [*e, e[3]], lambda e: e[::-1], lambda e: e[:-1], lambda e: e[2:]])
def test_members_twice_missing_or_in_another_order_are_refused(packed, tmp_path, change):
    """Every file of one bundle, once."""
    refused(tmp_path, tar_of(change(members(packed))))


def test_a_file_that_the_facts_do_not_list_is_refused(tmp_path):
    """It would lie in the verified folder without having been verified."""
    from edge.bundle import open_bundle, write_bundle

    opened = open_bundle(packaged_bundle())
    plain = write_bundle(tmp_path / "plain", opened.facts, {
        name: opened.read(name) for name in opened.facts.files if name != "report.html"
    })  # fmt: skip
    pack_bundle(plain.folder, tmp_path / "plain.tar")
    entries = members((tmp_path / "plain.tar").read_bytes())
    extra = tarfile.TarInfo("report.html")
    extra.size = 4
    shutil.rmtree(plain.folder)
    (tmp_path / "plain.tar").unlink()

    refused(tmp_path, tar_of([*entries[:4], (extra, b"evil"), *entries[4:]]), "only what bundle.json lists")


def zip_bomb():
    """Twenty million zeros in twenty kilobytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(MODEL_FILE, bytes(20_000_000))
    return out.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"x",
        bytes(10_240),
        b"PK\x05\x06" + bytes(18),
        gzip.compress(bytes(20_000_000)),
        zip_bomb(),
        os.urandom(4096),
    ],
    ids=["empty", "a byte", "an empty tar", "an empty zip", "a gzip bomb", "a zip bomb", "noise"],
)
def test_what_is_no_packed_bundle_is_refused(tmp_path, data):
    """Nothing compressed is ever inflated."""
    refused(tmp_path, data)


def test_compressed_packed_bundles_are_refused(packed, tmp_path):
    """There is one format, and it has no decompressor."""
    refused(tmp_path, gzip.compress(packed), "no tar header")


def test_an_endless_file_is_not_read_to_the_end(packed, tmp_path):
    """A sparse file of 50 GB that begins like a bundle costs neither disk nor time."""
    file = tmp_path / "bundle.tar"
    file.write_bytes(packed[:-1024])
    with file.open("r+b") as out:
        out.truncate(50_000_000_000)

    with pytest.raises(BundleError, match="nothing but its end"):
        unpack_bundle(file, tmp_path / "out")


def test_all_members_together_are_limited(packed, tmp_path, monkeypatch):
    """What is copied is counted, member by member."""
    monkeypatch.setattr(bundle_archive, "MOST_TOTAL_BYTES", 200_000)

    refused(tmp_path, packed, "found more than")


@pytest.mark.parametrize("stand_in", [Path.mkdir, os.mkfifo, lambda path: None])
def test_a_folder_a_pipe_or_nothing_is_refused(tmp_path, stand_in):
    """Reading a pipe would wait for ever."""
    stand_in(tmp_path / "bundle.tar")

    with pytest.raises(BundleError, match="expected a packed bundle"):
        unpack_bundle(tmp_path / "bundle.tar", tmp_path / "out")


def test_the_commands_pack_and_unpack(tmp_path):
    """As a user types them, and what is told to one who gives the file instead of the folder."""
    file, folder = tmp_path / "bundle.tar", tmp_path / "out"

    done = CliRunner().invoke(cli, ["bundle", "pack", str(packaged_bundle()), str(file)])
    assert done.exit_code == 0, done.output
    done = CliRunner().invoke(cli, ["bundle", "unpack", str(file), str(folder)])
    assert done.exit_code == 0, done.output
    assert "coin, key, nut" in done.stdout
    assert contents(folder) == contents(packaged_bundle())

    for command in (
        ["check", str(file)],
        ["classify", str(file), "x.png"],
        ["run", "--emulate", "--bundle", str(file)],
    ):
        done = CliRunner().invoke(cli, command)
        assert done.exit_code == 1
        assert "unpack it first with: edge-sort bundle unpack" in done.stderr
