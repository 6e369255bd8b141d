"""The Edge TPU through the installed runtime's own delegate API, with a delegate made here in place of libedgetpu.

What this cannot show is the device itself: no Edge TPU has ever been on the other end.
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from edge.edgetpu import EdgeTpu, InstalledRuntime
from edge.edgetpu_devices import DeviceFolders, find_nodes, why_not_opened
from edge.errors import ModelError
from tests.small_graphs import PLAIN, graph

REFERENCE = Path(__file__).resolve().parents[2].parent / "shared" / "reference_models"


@pytest.fixture
def compiled(tmp_path):
    """A model of which nothing but one Edge TPU operator is left: picture (1, 8, 8, 3) to scores (1, 2), int8."""
    path = tmp_path / "model_edgetpu.tflite"
    path.write_bytes(graph(mapped=len(PLAIN)))
    return path


@pytest.fixture
def nothing_plugged_in(tmp_path):
    """The system's lists of devices, empty."""
    for name in ("usb", "dev"):
        (tmp_path / name).mkdir()
    return DeviceFolders(usb=tmp_path / "usb", dev=tmp_path / "dev", may_open=lambda node: True)


def plug_in(folders, vendor, product, bus=2, device=5):
    """Put an entry into the list, as the kernel writes it."""
    entry = folders.usb / f"{bus}-1"
    entry.mkdir()
    for name, value in (("idVendor", vendor), ("idProduct", product), ("busnum", bus), ("devnum", device)):
        (entry / name).write_text(f"{value}\n")


# Through the real delegate API


def test_a_compiled_model_runs_on_the_delegate(delegate_library, compiled, monkeypatch):
    """Loaded, warmed up, and its answers are the delegate's: what comes out is a copy."""
    monkeypatch.setenv("STAND_IN", "answer")
    interpreter = EdgeTpu(delegate_library, "usb:0", trial_timeout_s=None).open(compiled)

    first = interpreter.run(np.full((1, 8, 8, 3), 7, np.int8))
    second = interpreter.run(np.full((1, 8, 8, 3), -9, np.int8))

    assert (first.tolist(), second.tolist()) == ([[7, 8]], [[-9, -8]])


@pytest.mark.skipif(not REFERENCE.is_dir(), reason="the reference models lie beside the repository")
def test_a_file_that_googles_compiler_made_runs_on_the_delegate(delegate_library, monkeypatch):
    """Its input and output are what the model had before it was compiled."""
    monkeypatch.setenv("STAND_IN", "answer")
    path = REFERENCE / "mobilenet_v1_0.25_128_quant_edgetpu.tflite"
    interpreter = EdgeTpu(delegate_library, trial_timeout_s=None).open(path)

    assert (interpreter.input.shape, interpreter.output.shape) == ((1, 128, 128, 3), (1, 1001))
    assert interpreter.run(np.full((1, 128, 128, 3), 3, np.uint8))[0, :3].tolist() == [3, 4, 5]


def test_a_device_that_fails_in_use_is_a_model_error(delegate_library, compiled, monkeypatch):
    """Unplugged between two parts: the runtime's own words, and what to look at."""
    monkeypatch.setenv("STAND_IN", "unplugged")
    interpreter = EdgeTpu(delegate_library, trial_timeout_s=None).open(compiled)
    picture = np.zeros((1, 8, 8, 3), np.int8)
    interpreter.run(picture)  # the warm-up was the first run

    with pytest.raises(ModelError, match=r"failed in use: USB transfer error 5 .*check its cable"):
        interpreter.run(picture)


def test_no_device_is_told_by_what_the_system_lists(delegate_library, compiled, monkeypatch, nothing_plugged_in):
    """The delegate itself gives no reason."""
    monkeypatch.setenv("STAND_IN", "none")

    with pytest.raises(ModelError, match=r"expected an Edge TPU, found none on USB \(1a6e:089a or 18d1:9302"):
        EdgeTpu(delegate_library, folders=nothing_plugged_in, trial_timeout_s=None).open(compiled)


def test_another_device_than_there_is_is_named(delegate_library, compiled, monkeypatch, nothing_plugged_in):
    """The stand-in has one, and it is usb:0."""
    monkeypatch.setenv("STAND_IN", "answer")

    with pytest.raises(ModelError, match=r"expected an Edge TPU \(pci:1\), found none"):
        EdgeTpu(delegate_library, "pci:1", folders=nothing_plugged_in, trial_timeout_s=None).open(compiled)


def test_a_library_that_ends_the_process_is_a_sentence(delegate_library, compiled, monkeypatch):
    """As the stock libedgetpu 16.0 does in newer runtimes: it ends a child, and the sorter says what to install."""
    monkeypatch.setenv("STAND_IN", "crash")

    with pytest.raises(ModelError, match=r"ends the process \(SIGSEGV\); install a libedgetpu built for this"):
        EdgeTpu(delegate_library, trial_timeout_s=60).open(compiled)


def test_a_device_that_never_answers_is_a_sentence(delegate_library, compiled, monkeypatch):
    """The child is ended after its time."""
    monkeypatch.setenv("STAND_IN", "hang")
    started = time.monotonic()

    with pytest.raises(ModelError, match=r"one that does not within 1 s; unplug it"):
        EdgeTpu(delegate_library, trial_timeout_s=1).open(compiled)
    assert time.monotonic() - started < 30


def test_the_child_tells_what_it_met(delegate_library, compiled, monkeypatch, nothing_plugged_in):
    """Its sentence is the parent's, and nothing is opened again."""
    monkeypatch.setenv("STAND_IN", "none")
    folders = DeviceFolders(nothing_plugged_in.usb, nothing_plugged_in.dev)

    with pytest.raises(ModelError, match="expected an Edge TPU, found none on USB"):
        EdgeTpu(delegate_library, folders=folders, trial_timeout_s=60).open(compiled)


def test_after_a_good_trial_the_model_is_open_here(delegate_library, compiled, monkeypatch):
    """The child lets go of it first."""
    monkeypatch.setenv("STAND_IN", "answer")

    interpreter = EdgeTpu(delegate_library, trial_timeout_s=60).open(compiled)

    assert interpreter.run(np.full((1, 8, 8, 3), 1, np.int8)).tolist() == [[1, 2]]


def test_a_missing_library_is_told_with_where_to_get_it(compiled, capfd):
    """And without the noise that the runtime makes about it."""
    with pytest.raises(ModelError, match=r"expected the Edge TPU's library, found none .*feranick/libedgetpu"):
        EdgeTpu("libno-such-edgetpu.so.1", trial_timeout_s=None).open(compiled)
    assert capfd.readouterr().err == ""


def test_another_library_is_told():
    """It loads, and has not what a delegate has."""
    with pytest.raises(ModelError, match=r"libm\.so\.6: expected the Edge TPU's library, found another one"):
        InstalledRuntime().load("libm.so.6", {})


def test_a_model_that_was_damaged_is_told(delegate_library, tmp_path, monkeypatch):
    """Not as one for another processor: it is the accelerator that cannot take it."""
    monkeypatch.setenv("STAND_IN", "answer")
    path = tmp_path / "model_edgetpu.tflite"
    path.write_bytes(bytes(1000))

    with pytest.raises(ModelError, match="expected a model that this accelerator can execute, found: "):
        EdgeTpu(delegate_library, trial_timeout_s=None).open(path)


# What the system lists


def test_nothing_is_listed(nothing_plugged_in):
    """No node, and the ids to look for."""
    assert find_nodes(nothing_plugged_in) == []
    assert "plug it in" in why_not_opened(nothing_plugged_in)


@pytest.mark.parametrize(("vendor", "product"), [("1a6e", "089a"), ("18d1", "9302")])
def test_a_usb_device_has_two_names(nothing_plugged_in, vendor, product):
    """One before its first use, another after: both are it."""
    plug_in(nothing_plugged_in, "1d6b", "0003", bus=1, device=1)
    plug_in(nothing_plugged_in, vendor, product)

    assert find_nodes(nothing_plugged_in) == [nothing_plugged_in.dev / "bus/usb/002/005"]


def test_a_device_that_does_not_open_is_in_use_or_stuck(nothing_plugged_in):
    """It is there, and this user may open it."""
    plug_in(nothing_plugged_in, "18d1", "9302")

    assert "bus/usb/002/005 that does not open; end the other program that uses it" in why_not_opened(
        nothing_plugged_in
    )


def test_a_device_that_this_user_may_not_open(nothing_plugged_in):
    """The udev rules and the group, for USB and PCIe alike."""
    (nothing_plugged_in.dev / "apex_0").touch()
    folders = DeviceFolders(nothing_plugged_in.usb, nothing_plugged_in.dev, may_open=lambda node: False)

    assert "apex_0 that this user may not open; install the udev rules" in why_not_opened(folders)


def test_a_list_that_makes_no_sense_is_passed_over(nothing_plugged_in):
    """Half an entry, and one with words for numbers."""
    (nothing_plugged_in.usb / "1-1").mkdir()
    plug_in(nothing_plugged_in, "18d1", "9302", device="five")

    assert find_nodes(nothing_plugged_in) == []
