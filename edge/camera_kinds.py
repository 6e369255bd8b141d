"""The one table from `camera.kind` to a camera. Each library is looked for only where it is asked for."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from edge.camera_recording import RecordingCamera
from edge.camera_tables import CameraTable
from edge.cameras import Camera, FolderCamera
from edge.clocks import Clock
from edge.errors import MachineError
from edge.machine import Machine

Tell = Callable[[str], None]


def open_camera(machine: Machine, clock: Clock, tell: Tell = lambda _line: None) -> Camera:
    """Open the camera the machine names. `tell` hears of what to know. Raises CameraError."""
    return open_table(machine.camera, clock, tell)


def reopener(camera: Camera, machine: Machine, clock: Clock, tell: Tell) -> Callable[[], Camera]:
    """Return what opens such a camera again, with what was measured when it was opened first."""
    table: CameraTable = getattr(camera, "settings", machine.camera)
    return lambda: open_table(table, clock, tell)


def open_table(table: CameraTable, clock: Clock, tell: Tell) -> Camera:
    """Open the camera a [camera] table describes. Raises CameraError."""
    return _KINDS[table.kind](table, clock, tell)


def _folder(table: CameraTable, clock: Clock, _tell: Tell) -> Camera:
    assert table.folder is not None, "read_machine checks this"
    size = (table.width_px, table.height_px)
    return FolderCamera(table.folder, frame_rate_hz=table.frame_rate_hz, size=size, clock=clock)


def _recording(table: CameraTable, clock: Clock, tell: Tell) -> Camera:
    assert table.folder is not None, "read_machine checks this"
    size = (table.width_px, table.height_px)
    camera = RecordingCamera(table.folder, size=size, mm_per_px=table.mm_per_px, clock=clock)
    if camera.recording.cut_short:
        tell(f"{table.folder}: the recording was cut short; its {len(camera.recording.frames)} frames are whole")
    return camera


def _picamera2(table: CameraTable, _clock: Clock, tell: Tell) -> Camera:
    opened: Camera = _class("edge.camera_picamera2", "Picamera2Camera")(table, tell)
    return opened


def _usb(table: CameraTable, _clock: Clock, _tell: Tell) -> Camera:
    opened: Camera = _class("edge.camera_opencv", "UsbCamera")(table)
    return opened


def _video(table: CameraTable, clock: Clock, _tell: Tell) -> Camera:
    opened: Camera = _class("edge.camera_opencv", "VideoFileCamera")(table, table.file, clock)
    return opened


def _emulated(_table: CameraTable, _clock: Clock, _tell: Tell) -> Camera:
    raise MachineError("camera.kind: 'emulated' sees no real part; use another kind, or run with --emulate")


def _class(module: str, name: str) -> Any:
    return getattr(importlib.import_module(module), name)


_KINDS: dict[str, Callable[[CameraTable, Clock, Tell], Camera]] = {
    "picamera2": _picamera2,
    "usb": _usb,
    "video": _video,
    "recording": _recording,
    "folder": _folder,
    "emulated": _emulated,
}
