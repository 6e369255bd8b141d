"""rp2040js, the other emulated RP2040, run by node with one of the scripts here."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
RP2040JS = Path(__file__).parents[2] / ".tools" / "node_modules" / "rp2040js" / "dist" / "esm" / "index.js"


def run_script(script, *words):
    """What a script has printed, or skip."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs node; sh scripts/test-tools.sh installs it")
    if not RP2040JS.is_file():
        pytest.skip("needs rp2040js; sh scripts/test-tools.sh installs it into .tools")
    command = [node, HERE / script, RP2040JS, *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
