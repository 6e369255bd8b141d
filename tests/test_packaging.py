"""What ships: the four packages and the packaged bundle, and nothing else."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = {"edge", "training", "quantize", "firmware_bridge"}


@pytest.fixture(scope="module")
def wheel_names(tmp_path_factory):
    """Build the wheel from a copy, as a user's pip would, without reaching for the network."""
    import shutil

    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in (*PACKAGES, "setup.cfg", "pyproject.toml", "README.md", "tests"):
        origin = ROOT / name
        if origin.is_dir():
            shutil.copytree(origin, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(origin, source / name)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = out.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return {info.filename: info.file_size for info in archive.infolist()}


@pytest.mark.slow
def test_the_wheel_holds_the_four_packages_and_no_tests(wheel_names):
    """tests/ and benchmarks/ never ship."""
    assert {name.split("/")[0] for name in wheel_names if ".dist-info" not in name} == PACKAGES


@pytest.mark.slow
def test_every_module_and_data_file_is_in_the_wheel(wheel_names):
    """What the code reads at run time travels with it."""
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                assert str(path.relative_to(ROOT)) in wheel_names


@pytest.mark.slow
def test_the_packaged_bundle_is_small(wheel_names):
    """Under 300 kB, so that the install stays quick."""
    sizes = [size for name, size in wheel_names.items() if name.startswith("edge/data/bundle/")]
    assert sizes
    assert sum(sizes) < 300_000


def test_setup_cfg_holds_the_metadata_and_pyproject_only_tools():
    """One place for each thing."""
    import tomllib

    tables = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert set(tables) == {"build-system", "tool"}
