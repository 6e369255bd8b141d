"""The arrows: quantize -> training -> edge <- firmware_bridge, read from the import statements."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MAY_IMPORT = {
    "edge": {"edge"},
    "training": {"training", "edge"},
    "quantize": {"quantize", "training", "edge"},
    "firmware_bridge": {"firmware_bridge", "edge"},
}
DESKTOP_ONLY = {"tensorflow", "keras", "sklearn", "matplotlib", "jinja2", "rich", "scipy", "pandas"}


@cache
def imported(path):
    """Return the top-level names a file imports, anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level <= 1, f"{path}: relative imports stay inside their folder"
            names.add((node.module or "").split(".")[0] if node.level == 0 else path.parent.name)
    return names


@pytest.mark.parametrize("package", sorted(MAY_IMPORT))
def test_imports_point_one_way(package):
    """No package imports one above it."""
    files = sorted((ROOT / package).glob("*.py"))
    assert files
    for path in files:
        assert imported(path) & set(MAY_IMPORT) <= MAY_IMPORT[package], path


@pytest.mark.parametrize("package", ["edge", "firmware_bridge"])
def test_the_device_needs_no_desktop_library(package):
    """What runs on the Pi imports neither TensorFlow nor what reports need."""
    for path in sorted((ROOT / package).glob("*.py")):
        assert not imported(path) & DESKTOP_ONLY, path
