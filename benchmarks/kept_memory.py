"""Processor time of fine-tuning with what it freed kept for the next step, against the C library's own way. One run.

    python benchmarks/kept_memory.py [--size PX] [--pictures N] [--epochs N]

Two processes, one after the other, tune the last eight blocks of a MobileNetV2 on noise with one thread. The first
epoch is not counted: it compiles.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys

import numpy as np

from training.memory import keep_freed_memory
from training.networks import build_network
from training.recipe import read_recipe
from training.transfer import unfreeze

BATCH = 32


def tune(given: argparse.Namespace) -> None:
    """Tune in this process, and print what it took."""
    if given.worker == "kept" and not keep_freed_memory():
        raise SystemExit("this C library cannot keep it")
    changes = {"network": {"weights": "none"}, "input": {"width_px": given.size, "height_px": given.size}}
    recipe = read_recipe("mobilenet-v2").changed(changes)
    model = build_network(8, recipe.input, recipe.network)
    unfreeze(model, r"block_\d+_", 8)
    model.compile("adam", "sparse_categorical_crossentropy")
    random = np.random.default_rng(0)
    inputs = random.integers(0, 256, (given.pictures, *recipe.input.shape), dtype=np.uint8)
    targets = random.integers(0, 8, given.pictures)
    model.fit(inputs, targets, batch_size=BATCH, verbose=0)
    before = resource.getrusage(resource.RUSAGE_SELF)
    model.fit(inputs, targets, batch_size=BATCH, epochs=given.epochs, verbose=0)
    after = resource.getrusage(resource.RUSAGE_SELF)
    user, system = after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime
    print(json.dumps({"user_s": user, "system_s": system, "most_mib": after.ru_maxrss / 1024}))


def main() -> None:
    """Measure both and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--pictures", type=int, default=128)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--worker", choices=("kept", "as it is"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker:
        tune(given)
        return
    threads = {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1", "OMP_NUM_THREADS": "1"}
    took = {}
    for how in ("as it is", "kept"):
        command = [sys.executable, *sys.argv, "--worker", how]
        done = subprocess.run(command, env={**os.environ, **threads}, stdout=subprocess.PIPE, text=True, check=True)
        one = json.loads(done.stdout)
        took[how] = one["user_s"] + one["system_s"]
        print(f"{how:10} {one['user_s']:6.1f} s user, {one['system_s']:6.1f} s system, most {one['most_mib']:6.0f} MiB")
    print(f"ratio      {took['kept'] / took['as it is']:6.2f}")


if __name__ == "__main__":
    main()
