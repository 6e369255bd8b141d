"""What doctor's child process answers, with stand-ins for the libraries of a Pi, also such that crash."""

from __future__ import annotations

import pytest

from edge.doctor_child import QUESTIONS, answer
from edge.doctor_host import Host
from edge.machine_command import machine_text
from tests.edge.doctor_hosts import CHILDREN

LGPIO = """
import pathlib
pathlib.Path(".lgd-nfy0").touch()  # as the real one does when it is imported
class error(Exception): pass
def gpiochip_open(number):
    if number: raise error("can not open gpiochip")
    return 7
def gpio_get_chip_info(handle): return [0, 3, "gpiochip0", "pinctrl-bcm2711"]
def gpio_get_line_info(handle, line): return [0, line, 3 if line == 2 else 2, f"GPIO{line}", "lg" if line == 2 else ""]
def gpiochip_close(handle): assert handle == 7
"""
PICAMERA2 = """
import sys
print("libcamera greets on stdout"); sys.stdout.flush()
class Picamera2:
    @staticmethod
    def global_camera_info(): return [{"Model": "imx296", "Id": "/base/x", "Num": 0}]
"""


@pytest.fixture
def library(tmp_path, monkeypatch):
    """Install a stand-in library for the child."""

    def install(name, text):
        (tmp_path / f"{name}.py").write_text(text)
        monkeypatch.syspath_prepend(str(tmp_path))

    return install


def test_every_question_that_is_asked_is_known():
    """The parent's questions in the tests and the child's table are the same."""
    assert set(QUESTIONS) == set(CHILDREN)


def test_lines_in_use_are_read_without_claiming_one(library, tmp_path, monkeypatch):
    """And lgpio's pipe does not stay in the working directory."""
    library("lgpio", LGPIO)
    monkeypatch.chdir(tmp_path)
    said = Host().ask("pins", "0,1")
    assert said.value == [
        {"number": 0, "label": "pinctrl-bcm2711", "used": {"2": "lg"}},
        {"number": 1, "problem": "can not open gpiochip"},
    ]
    assert not list(tmp_path.glob(".lgd*"))


def test_what_a_library_prints_is_not_taken_for_the_answer(library):
    """libcamera talks on stdout."""
    library("picamera2", PICAMERA2)
    assert Host().ask("cameras").value == [{"model": "imx296", "where": "/base/x"}]


def test_a_library_that_ends_the_process_is_a_finding(library):
    """As picamera2 does over a numpy it was not compiled for."""
    library("picamera2", "import os; os.abort()")
    assert Host().ask("picamera2").problem == "it was ended by SIGABRT"


def test_a_library_that_hangs_is_a_finding(library):
    """As a camera's driver does that has lost its camera."""
    library("picamera2", "import time; time.sleep(60)")
    assert "did not come to an end in time" in Host().ask("picamera2", timeout_s=0.4).problem


def test_a_clash_of_numpys_is_named_by_the_library_that_has_it(library):
    """With what it said."""
    library("simplejpeg", "raise ValueError('numpy.dtype size changed')")
    assert answer("numpy")["answer"]["clashes"] == {"simplejpeg": "numpy.dtype size changed"}


def test_the_middle_of_a_frame_is_looked_at_as_the_line_sees_it(tmp_path):
    """Through the line's own camera."""
    import numpy as np
    from PIL import Image

    picture = np.full((480, 640, 3), 90, dtype=np.uint8)
    picture[150:330, 200:440] = (200, 30, 20)
    (tmp_path / "frames").mkdir()
    Image.fromarray(picture).save(tmp_path / "frames" / "0.png")
    text = machine_text(("nut",)).replace('kind = "picamera2"', f'kind = "folder"\nfolder = "{tmp_path}/frames"')
    (tmp_path / "machine.toml").write_text(text)
    assert answer("red-card", str(tmp_path / "machine.toml")) == {"answer": [200.0, 30.0, 20.0]}


def test_a_question_that_fails_is_answered_with_one_line():
    """Never with a traceback."""
    assert "/no/such" in answer("bundle", "/no/such")["problem"]
    assert answer("no such question")["problem"]


def test_another_library_is_no_edge_tpus():
    """Any library loads; this one has not the entry point."""
    assert "it is no Edge TPU library" in answer("edgetpu-library", "libc.so.6")["problem"]
    assert "no-such.so" in answer("edgetpu-library", "libno-such.so.1")["problem"]
