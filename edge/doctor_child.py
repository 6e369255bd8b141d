"""What `edge-sort doctor` looks at in a process of its own, because it may crash or hang there.

python -P -m edge.doctor_child QUESTION ARGUMENTS prints one line of JSON, {"answer": ...} or {"problem": "..."}.
Nothing here claims or moves a pin.
"""

from __future__ import annotations

import ctypes
import importlib
import importlib.metadata
import importlib.util
import json
import os
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from edge.causes import in_a_line

# compiled against one numpy, and often installed by apt beside another one
_NUMPY_USERS = ("PIL", "simplejpeg", "cv2", "tflite_runtime")
_LINE_IN_USE = 1  # of lgpio's line flags


def _runtime() -> dict[str, str]:
    import numpy as np

    from edge.emulated_world import packaged_bundle
    from edge.interpreter import TfliteInterpreter, runtime_version

    interpreter = TfliteInterpreter(packaged_bundle() / "model.tflite")
    interpreter.run(np.zeros(interpreter.input.shape, interpreter.input.dtype))
    name = interpreter.runtime_name
    return {"runtime": name.split(".")[0], "version": runtime_version(name)}


def _numpy() -> dict[str, Any]:
    import numpy as np

    clashes = {}
    for name in _NUMPY_USERS:
        if importlib.util.find_spec(name) is None:
            continue
        try:
            importlib.import_module(name)
        except Exception as error:  # each library fails in a way of its own
            clashes[name] = f"{error or type(error).__name__}"
    return {"version": np.__version__, "file": np.__file__, "clashes": clashes}


def _picamera2() -> dict[str, str]:
    found = importlib.import_module("picamera2")
    try:
        version = importlib.metadata.version("picamera2")
    except importlib.metadata.PackageNotFoundError:
        version = "of unknown version"
    return {"version": version, "file": str(found.__file__)}


def _cameras() -> list[dict[str, Any]]:
    from picamera2 import Picamera2

    return [{"model": one.get("Model"), "where": one.get("Id")} for one in Picamera2.global_camera_info()]


def _opencv(device: str) -> dict[str, str]:
    cv2 = importlib.import_module("cv2")
    capture = cv2.VideoCapture(device)
    try:
        if not capture.isOpened() or not capture.read()[0]:
            raise RuntimeError("it opens, but gives no frame" if capture.isOpened() else "it does not open")
    finally:
        capture.release()
    return {"version": cv2.__version__}


def _red_card(machine_file: str) -> list[float]:
    """Return the mean red, green and blue of the middle third of a frame, as the line would see it."""
    from edge.camera_kinds import open_camera
    from edge.clocks import MonotonicClock
    from edge.machine import read_machine

    with closing(open_camera(read_machine(Path(machine_file)), MonotonicClock())) as camera:
        image = next(iter(camera.frames())).image
    height, width = image.shape[:2]
    middle = image[height // 3 : 2 * height // 3, width // 3 : 2 * width // 3]
    return [float(level) for level in middle.reshape(-1, 3).mean(axis=0)]


def _pins(chips: str) -> list[dict[str, Any]]:
    """Return name, label and lines in use of each chip: offset -> who uses it. Reads only."""
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # lgpio writes a pipe into the working directory as soon as it is imported
        os.environ.pop("LG_WD", None)
        try:
            lgpio = importlib.import_module("lgpio")
            return [_chip(lgpio, int(number)) for number in chips.split(",")]
        finally:
            os.chdir("/")


def _chip(lgpio: Any, number: int) -> dict[str, Any]:
    try:
        handle = lgpio.gpiochip_open(number)
    except lgpio.error as error:
        return {"number": number, "problem": str(error)}
    try:
        _, lines, _, label = lgpio.gpio_get_chip_info(handle)
        told = [lgpio.gpio_get_line_info(handle, line) for line in range(min(lines, 64))]
        used = {str(line): user or "nobody who says so" for _, line, flags, _, user in told if flags & _LINE_IN_USE}
        return {"number": number, "label": label, "used": used}
    finally:
        lgpio.gpiochip_close(handle)


def _pin_factory(name: str) -> str:
    from edge.pins import open_pin_factory

    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            with closing(open_pin_factory(name)) as factory:
                return type(factory).__name__
        finally:
            os.chdir("/")


def _edgetpu_library(library: str) -> str:
    from edge.edgetpu import ENTRY_POINT

    found = ctypes.CDLL(library)
    if not hasattr(found, ENTRY_POINT):
        raise RuntimeError(f"it is no Edge TPU library: it has no {ENTRY_POINT}")
    return library


def _edgetpu(library: str, device: str, model: str) -> str:
    from edge.edgetpu import EdgeTpu

    EdgeTpu(library=library, device=device or None, trial_timeout_s=None).open(Path(model))
    return "it ran the model"


def _bundle(folder: str) -> dict[str, Any]:
    from edge.check import check_bundle

    check = check_bundle(Path(folder), None)
    wrong = [
        f"{one.kind} {one.name}: expected {one.expected}, found {one.found}" for one in check.findings if not one.ok
    ]
    return {"looked_at": len(check.findings), "wrong": wrong}


QUESTIONS: dict[str, Callable[..., Any]] = {
    "runtime": _runtime,
    "numpy": _numpy,
    "picamera2": _picamera2,
    "cameras": _cameras,
    "opencv": _opencv,
    "red-card": _red_card,
    "pins": _pins,
    "pin-factory": _pin_factory,
    "edgetpu-library": _edgetpu_library,
    "edgetpu": _edgetpu,
    "bundle": _bundle,
}


def answer(question: str, *arguments: str) -> dict[str, Any]:
    """Look, and return what to print. Whatever goes wrong is the answer."""
    try:
        return {"answer": QUESTIONS[question](*arguments)}
    except (Exception, SystemExit) as error:
        return {"problem": in_a_line(error)}


def main() -> None:
    """Print the answer as the only line on stdout: libraries that talk are heard on stderr."""
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as out:
        os.dup2(2, 1)
        out.write(json.dumps(answer(*sys.argv[1:])) + "\n")
        out.flush()
    os._exit(0)  # what a library does at its end is not asked, and some hang there


if __name__ == "__main__":
    main()
