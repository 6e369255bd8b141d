"""How long a report takes, and how much memory its process needs at most: 500 pictures, or 10,000.

python benchmarks/report.py [--pictures 500] [--side 128] [--folder FOLDER]

Renders parts, trains a small network on other ones for a few epochs, and lets the commands judge it, each in a process
of its own: `report --run`, `report` without the run, and `quantize` of a run that kept these pictures apart. Seconds of
the clock depend on what else the machine does; those of the processor hardly do. Decoding uses up to four cores.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from training.dataset import Item
from training.folders import find_pictures
from training.run_folder import RunFacts, file_sha256, open_run, write_run

LABELS = 7
ENTRY = "import sys; sys.argv[0] = 'edge-sort'; from edge.cli import main; main()"


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--pictures", type=int, default=500)
    options.add_argument("--side", type=int, default=128, help="of the pictures, in pixels")
    options.add_argument("--folder", type=Path, help="where to work; kept afterwards")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        data, run, bundle = made(folder, given.pictures, given.side)
        large = with_test(run, data, folder / "large-run")
        print(f"{len(find_pictures(data))} pictures of {given.side} px")
        measure("report --run", "report", bundle, "--run", run, "--data", data, "--out", folder / "page")
        measure("report alone", "report", bundle, "--data", data, "--out", folder / "page")
        measure("quantize", "quantize", large, "--max-drop", 1, "--purity", 0, "--out", folder / "page")


def made(folder: Path, pictures: int, side_px: int) -> tuple[Path, Path, Path]:
    """Return pictures to judge on, a run and its bundle; what is there already is used again."""
    known, data, run, bundle = (folder / name for name in ("known", "data", "run", "bundle"))
    if not bundle.exists():
        run_command("parts", known, "--count", 60, "--seed", 0)
        run_command("train", known, "--out", run, "--epochs", 6)
        run_command("quantize", run, "--out", bundle, "--max-drop", 1, "--purity", 0)
    if not data.exists():
        run_command("parts", data, "--count", -(-pictures // LABELS), "--size", side_px, "--seed", 1)
    return data, run, bundle


def with_test(run_folder: Path, data: Path, out: Path) -> Path:
    """Copy a run, its test pictures exchanged for those of `data`."""
    run = open_run(run_folder)
    test = [
        Item(one.path.resolve(), str(one.path.resolve()), one.label, one.name, file_sha256(one.path))
        for one in find_pictures(data)
    ]
    split = {name: [replace(item, relative=str(item.path)) for item in items] for name, items in run.split.items()}
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    shutil.copy(run_folder / "model.keras", out)
    facts = RunFacts(labels=run.labels, input=run.spec, seed=run.seed, data="/", settings={}, versions={})
    write_run(out, facts, Path("/"), {**split, "test": test}, ())
    return out


def run_command(*arguments: object) -> None:
    subprocess.run([sys.executable, "-c", ENTRY, *map(str, arguments)], check=True, stdout=subprocess.DEVNULL)


def measure(name: str, *arguments: object) -> None:
    """Run a command of edge-sort, print its seconds and its peak memory, and take its page away again."""
    page = Path(str(arguments[-1]))
    shutil.rmtree(page, ignore_errors=True)
    begun = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-c", ENTRY, *map(str, arguments)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    told = process.stderr.read().decode() if process.stderr else ""
    _, status, used = os.wait4(process.pid, 0)
    seconds, code = time.perf_counter() - begun, os.waitstatus_to_exitcode(status)
    if code not in (0, 3):
        sys.exit(f"{name} ended with exit code {code}:\n{told}")
    size = (page / "report.html").stat().st_size / 1e6 if (page / "report.html").exists() else 0
    busy = used.ru_utime + used.ru_stime
    took, memory = f"{seconds:6.1f} s, {busy:6.1f} s of processor", f"{used.ru_maxrss / 1024:5.0f} MiB at most"
    print(f"{name:<13} {took}   {memory}   page {size:.2f} MB", flush=True)


if __name__ == "__main__":
    main()
