"""A host gone mad, in C and under sanitizers: host_core/es_fuzz.c says by which rules it is judged."""

from __future__ import annotations

import subprocess

import pytest

from tests.firmware_bridge import host_core


@pytest.fixture(scope="module")
def fuzz(tmp_path_factory):
    """The fuzzer, compiled."""
    return host_core.build(tmp_path_factory, "es_fuzz.c")


def run(program, seed, frames):
    """The number of openings that were made."""
    done = subprocess.run([program, str(seed), str(frames)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return int(done.stdout.split()[2])


def test_twenty_thousand_frames_break_no_rule(fuzz):
    """And gates are opened all the while: the fuzz is not refused at the door."""
    assert run(fuzz, 1, 20_000) > 400


@pytest.mark.slow
def test_two_million_frames_break_no_rule(fuzz):
    """Ten seeds of 200,000 frames."""
    assert sum(run(fuzz, seed, 200_000) for seed in range(2, 12)) > 50_000
