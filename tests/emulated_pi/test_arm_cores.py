"""The device's commands on the cores of a Pi 4 and a Pi 5, program by program, against this computer."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from edge.cli import cli
from edge.emulated_world import packaged_bundle
from tests.emulated_pi.arm_python import arm_python
from tests.emulated_pi.image import COMMAND

pytestmark = pytest.mark.emulated_pi

PI_4, PI_5 = "cortex-a72", "cortex-a76"  # the second has instructions for int8, and the runtime uses them
BUNDLE = str(packaged_bundle())


@pytest.fixture(scope="module")
def arm(product, tmp_path_factory):
    """Python for 64-bit Arm with this tree's wheel."""
    return arm_python(tmp_path_factory.mktemp("arm"), product, COMMAND)


def here(*words):
    """What the command prints on this computer."""
    done = CliRunner().invoke(cli, words)
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.mark.parametrize("core", [PI_4, PI_5])
def test_every_core_gives_the_very_scores(arm, core):
    """Of the packaged bundle's test card and golden pictures, to the step."""
    there = arm.run(core, "check", BUNDLE, "--json")
    assert there.returncode == 0, there.stderr
    steps = [
        {one["name"]: one["steps"] for one in json.loads(said)["findings"] if one["steps"] is not None}
        for said in (there.stdout, here("check", BUNDLE, "--json"))
    ]
    assert steps[0] == steps[1]
    assert len(steps[0]) > 8


def test_a_pi_5_sorts_the_emulated_line_as_this_computer_does(arm):
    """The same parts, bins, moments and counts, from frame to report."""
    as_here(arm, "run", "--emulate", "--fast", "--count", "4", "--seed", "3", "--json")


def test_a_pi_5_classifies_a_picture_as_this_computer_does(arm):
    """Every score of it."""
    as_here(arm, "classify", BUNDLE, str(packaged_bundle() / "golden.png"), "--json")


def as_here(arm, *words):
    """Hold that a command says the same on a Pi 5 and here."""
    there = arm.run(PI_5, *words)
    assert there.returncode == 0, there.stderr
    assert json.loads(there.stdout) == json.loads(here(*words))
