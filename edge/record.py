"""Record what a machine's camera sees, or an emulated one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from edge.camera_kinds import open_camera
from edge.cameras import Camera
from edge.clocks import Clock, ManualClock, MonotonicClock
from edge.emulated_camera import EmulatedCamera
from edge.emulated_world import EmulateOptions, emulated_line
from edge.end_signals import Stopped, ended_by_signals
from edge.machine import Machine
from edge.recorder import Recorder
from edge.recording import RecordingFacts


@dataclass(frozen=True)
class RecordLimits:
    """When to stop: after so many frames or seconds (None: no such end), or before less than this is left free."""

    frames: int | None = None
    seconds: float | None = None
    keep_free_bytes: int = 0


@dataclass(frozen=True)
class Recorded:
    """frames written, dropped between them by the camera, over so many seconds; because: what ended it."""

    frames: int
    dropped: int
    seconds: float
    because: str


def record_machine(machine: Machine, out: Path, limits: RecordLimits, tell: Callable[[str], None]) -> Recorded:
    """Record from the machine's camera until a limit, Ctrl-C or SIGTERM. Raises CameraError and DataError."""
    clock = MonotonicClock()
    with closing(open_camera(machine, clock, tell)) as camera:
        return record(camera, machine, clock, out, limits)


def record_emulated(options: EmulateOptions, out: Path, limits: RecordLimits) -> tuple[Machine, Recorded]:
    """Record the emulated camera over a belt on which no gate moves, as fast as can be computed."""
    clock = ManualClock()
    machine, belt = emulated_line(options, clock)
    camera = EmulatedCamera(belt, frame_rate_hz=machine.camera.frame_rate_hz, clock=clock)
    return machine, record(camera, machine, clock, out, limits)


def record(camera: Camera, machine: Machine, clock: Clock, out: Path, limits: RecordLimits) -> Recorded:
    """Write the camera's frames into the new folder `out`. Raises CameraError, and DataError when the disk is full.

    What was recorded before an error is a recording that was cut short.
    """
    table = machine.camera
    facts = RecordingFacts(
        width_px=table.width_px,
        height_px=table.height_px,
        mm_per_px=table.mm_per_px,
        frame_rate_hz=table.frame_rate_hz,
        camera=table.kind,
        machine_sha256=machine.digest(),
        started_at_utc=datetime.now(UTC).isoformat(),
    )
    first = last = None
    with Recorder(out, facts, keep_free_bytes=limits.keep_free_bytes) as recorder, ended_by_signals():
        recorder.because = "no more frames"
        try:
            for frame in camera.frames():
                recorder.add(frame, clock.now())
                first, last = first or frame, frame
                if _reached(limits, recorder.frames, last.taken_at - first.taken_at):
                    recorder.because = "limit"
                    break
        except KeyboardInterrupt:
            recorder.because = "interrupted"
        except Stopped:
            recorder.because = "terminated"
        except BaseException:
            recorder.because = "error"
            raise
    span_s = last.taken_at - first.taken_at if first and last else 0.0
    dropped = last.number - first.number + 1 - recorder.frames if first and last else 0
    return Recorded(recorder.frames, dropped, span_s, recorder.because)


def _reached(limits: RecordLimits, frames: int, seconds: float) -> bool:
    return (limits.frames is not None and frames >= limits.frames) or (
        limits.seconds is not None and seconds >= limits.seconds
    )
