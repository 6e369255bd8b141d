"""What picamera2 0.3.3x shows of itself to the camera adapter, with its real conventions, on a time of its own.

From its source: capture_request(flush=ns) passes over finished requests whose exposure began before that moment and
waits for one that began later; get_result(timeout) raises TimeoutError; a timed-out job stays queued until
cancel_all_and_flush. The format "BGR888" is R, G, B in memory, "RGB888" is B, G, R. A control acts some frames after it
was set, exposure is rounded to whole sensor rows, and libcamera may adjust a size and says so in
camera_configuration().
"""

from __future__ import annotations

import numpy as np

ROW_US = 18.9
CONTROL_DELAY = 3
RED, GREEN, BLUE = 250, 100, 10


class StandInRequest:
    def __init__(self, camera, stamp_ns, controls):
        self._camera, self.stamp_ns, self._controls = camera, stamp_ns, dict(controls)
        self.released = False
        camera.requests.append(self)

    @property
    def began_ns(self):
        return self.stamp_ns - 1000 * self.get_metadata()["ExposureTime"]

    def get_metadata(self):
        return {
            "SensorTimestamp": self.stamp_ns,
            "ExposureTime": int(ROW_US * round(self._controls["ExposureTime"] / ROW_US)),
            "AnalogueGain": round(self._controls["AnalogueGain"] * 64) / 64,
            "DigitalGain": 1.0,
            "ColourGains": self._controls["ColourGains"],
            "FrameDuration": max(self._controls["FrameDurationLimits"][0], self._camera.shortest_frame_us),
        }

    def make_array(self, name):
        assert not self.released, "pixels are gone once the request is given back"
        assert name == "main"
        width, height = self._camera.configuration["main"]["size"]
        image = np.zeros((height, width, 3), dtype=np.uint8)
        colour = (RED, GREEN, BLUE)
        image[0, 0] = colour if self._camera.configuration["main"]["format"] == "BGR888" else colour[::-1]
        return image

    def release(self):
        assert not self.released, "a request is given back once"
        self.released = True


class StandInJob:
    def __init__(self, camera, flush):
        self._camera, self._flush = camera, flush

    def get_result(self, timeout=None):
        assert timeout is not None, "every wait needs a timeout"
        request = self._camera.next_request(self._flush)
        if request is None:
            raise TimeoutError
        return request


class StandInPicamera2:
    """Knobs are class attributes; a fixture makes a subclass of its own for each test."""

    missing = False
    lost_after = None  # frames
    ignores_auto_exposure_off = False
    unlocks_after = None  # frames
    gives_format = None
    gives_size = None
    hangs_on_stop = False
    queue_length = 4
    shortest_frame_us = 0
    clock_offset_ns = 0
    balance = staticmethod(lambda frame: (1.9, 1.4))
    opened = 0
    latest = None

    def __init__(self):
        if type(self).missing:
            raise IndexError("list index out of range")
        type(self).opened += 1
        type(self).latest = self
        self.requests, self.log = [], []
        self.now_ns, self.made = 5_000_000_000, 0
        self.configuration, self._controls, self._pending = None, {}, []
        self._finished = []

    def create_video_configuration(self, main, controls):
        return {"main": dict(main), "controls": dict(controls)}

    def configure(self, configuration):
        self.log.append("configure")
        self.configuration = configuration
        main = configuration["main"]
        main["format"] = type(self).gives_format or main["format"]
        main["size"] = type(self).gives_size or main["size"]
        self._controls = {"ColourGains": (1.0, 1.0), **configuration["controls"]}

    def camera_configuration(self):
        return self.configuration

    def start(self):
        self.log.append("start")

    def set_controls(self, controls):
        self._pending.append((self.made + CONTROL_DELAY, dict(controls)))

    def capture_request(self, wait, flush):
        assert wait is False
        return StandInJob(self, flush)

    def cancel_all_and_flush(self):
        self.log.append("cancel")

    def stop(self):
        if type(self).hangs_on_stop:
            type(self).hangs_on_stop.wait()
        self.log.append("stop")

    def close(self):
        self.log.append("close")

    def pass_time(self, seconds):
        """Frames finish meanwhile; those nobody fetches are given back, all but the newest few."""
        until = self.now_ns + round(seconds * 1e9)
        while self.now_ns + self._frame_ns() <= until and self._make():
            pass
        self.now_ns = until

    def next_request(self, flush):
        while True:
            while self._finished:
                request = self._finished.pop(0)
                if request.began_ns >= flush:
                    return request
                request.release()
            if not self._make():
                return None

    def _frame_ns(self):
        return max(self._controls["FrameDurationLimits"][0], self.shortest_frame_us) * 1000

    def _make(self):
        cls = type(self)
        if cls.lost_after is not None and self.made >= cls.lost_after:
            return False
        for due, controls in self._pending:
            if due <= self.made:
                self._controls |= controls
        self._pending = [one for one in self._pending if one[0] > self.made]
        if self._controls["AwbEnable"]:
            self._controls["ColourGains"] = cls.balance(self.made)
        shown = dict(self._controls)
        automatic = cls.ignores_auto_exposure_off or (cls.unlocks_after is not None and self.made >= cls.unlocks_after)
        if automatic:
            shown["ExposureTime"] = 16_000
        self.now_ns += self._frame_ns()
        self._finished.append(StandInRequest(self, self.now_ns + cls.clock_offset_ns, shown))
        if len(self._finished) > self.queue_length:
            self._finished.pop(0).release()
        self.made += 1
        return True
