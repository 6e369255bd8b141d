"""A real Mosquitto for the tests, on a port of its own, to be killed and started again, and who listens to it."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import threading
import time
from functools import partial
from pathlib import Path

import pytest

MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
needs_mosquitto = pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed (apt install mosquitto)")
PATIENCE_S = 60.0  # only a failure takes so long
# what docs/mqtt.md asks of a broker
KEEPING = """
persistence true
persistence_location {folder}/
autosave_on_changes true
autosave_interval 1
max_queued_messages 0
"""


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def wait_for(done, what):
    """Wait until it is done, and fail when that takes too long."""
    deadline = time.monotonic() + PATIENCE_S
    while not done():
        assert time.monotonic() < deadline, f"no {what} within {PATIENCE_S:.0f} s"
        time.sleep(0.01)


class Mosquitto:
    """The broker. settings: lines of its configuration; `{folder}` is where it may write."""

    def __init__(self, folder: Path, settings: str = "allow_anonymous true\n" + KEEPING) -> None:
        self.folder, self.port, self.process = folder, free_port(), None
        folder.mkdir(exist_ok=True)
        self.config = folder / "mosquitto.conf"
        itself = "user root\n" if os.geteuid() == 0 else ""  # started as root, it would give up what it needs to read
        self.config.write_text(f"{itself}listener {self.port} 127.0.0.1\n{settings.format(folder=folder)}")

    def start(self):
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen([MOSQUITTO, "-c", str(self.config)], stdout=log, stderr=log)
        wait_for(self.answers, "broker")
        return self

    def answers(self):
        assert self.process.poll() is None, (self.folder / "log").read_text()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def kill(self):
        """End it with SIGKILL: it saves nothing any more."""
        self.process.kill()
        self.process.wait()

    def close(self):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(PATIENCE_S)


class Listener:
    """A subscriber whose session stays with the broker. heard: (topic, payload, retained) in order."""

    def __init__(self, port, topic="edge-sort/#", *, client_id="listener"):
        import paho.mqtt.client as mqtt
        from paho.mqtt.packettypes import PacketTypes
        from paho.mqtt.properties import Properties

        self.heard, self._subscribed = [], threading.Event()
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id, protocol=mqtt.MQTTv5)
        self.client.reconnect_delay_set(1, 1)
        self.client.on_connect = lambda client, *_: client.subscribe(topic, qos=2)
        self.client.on_subscribe = lambda *_: self._subscribed.set()
        self.client.on_message = lambda _client, _data, message: self.heard.append(
            (message.topic, message.payload, message.retain)
        )
        session = Properties(PacketTypes.CONNECT)
        session.SessionExpiryInterval = 3600
        self.client.connect("127.0.0.1", port, clean_start=False, properties=session)
        self.client.loop_start()
        assert self._subscribed.wait(PATIENCE_S)

    def parts(self, line="line-1"):
        """Return the messages of a line's parts, as they came."""
        return [json.loads(payload) for topic, payload, _ in list(self.heard) if topic == f"edge-sort/{line}/part"]

    def wait_for_messages(self, done):
        """Wait until so many have come, or until it is done, as long as any come at all."""
        if isinstance(done, int):
            count, done = done, lambda: len(self.heard) >= count
        while not done():
            wait_for(partial(self._has_more, len(self.heard), done), "further message")

    def _has_more(self, than, done):
        return len(self.heard) > than or done()

    def last(self, name, line="line-1"):
        found = [payload for topic, payload, _ in list(self.heard) if topic == f"edge-sort/{line}/{name}"]
        return found[-1] if found else None

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()
