"""The doctor is for computers on which things are broken: a numpy that does not load is a finding, not its end."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

BROKEN = """
try:
    raise ImportError("libopenblas.so.0: cannot open shared object file: No such file or directory")
except ImportError as error:
    raise ImportError("\\n\\nIMPORTANT: PLEASE READ THIS FOR ADVICE ON HOW TO SOLVE THIS ISSUE!\\n...") from error
"""
ADMITTED = """
import sys
from pathlib import Path
from edge import doctor
from edge.doctor_host import Host
from edge.doctor_patient import admit
print(admit(Host(), Path(sys.argv[1]), None).machine_problem)
"""


@pytest.fixture
def python(tmp_path):
    """Run Python where numpy is installed, but a library it needs is missing."""
    (tmp_path / "numpy").mkdir()
    (tmp_path / "numpy" / "__init__.py").write_text(BROKEN)
    path = os.pathsep.join([str(tmp_path), *sys.path])

    def run(*words):
        environ = {**os.environ, "PYTHONPATH": path}
        return subprocess.run([sys.executable, *words], env=environ, capture_output=True, text=True, check=True).stdout

    return run


def test_the_doctor_starts_and_says_why_it_cannot_read_the_machine_file(python, tmp_path):
    """The rest of the computer can still be looked at."""
    said = python("-c", ADMITTED, str(tmp_path / "machine.toml"))
    assert "libopenblas.so.0" in said
    assert "IMPORTANT" not in said


def test_the_missing_library_is_named_and_not_the_advice_above_it(python):
    """It is what the user can do something about."""
    said = json.loads(python("-P", "-m", "edge.doctor_child", "numpy"))
    assert said == {"problem": "libopenblas.so.0: cannot open shared object file: No such file or directory"}
