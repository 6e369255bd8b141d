"""How many parts a second does a broker take, and what does it cost that it keeps them?

    python benchmarks/broker_rate.py [--parts N] [--folder DIR]

Writes a journal of N parts, starts Mosquitto three times (saving nothing, saving after every 300 changes, and after
every change as docs/mqtt.md asks for), tells it all with `tell_broker`, as `edge-sort mqtt publish` does, and prints
parts a second. A subscriber with QoS 2 listens, as saving costs most when there is something to save.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import paho.mqtt.client as mqtt

from edge.emulated_world import emulated_machine
from edge.journal import Journal
from edge.mqtt_drain import tell_broker
from edge.mqtt_table import MqttTable
from edge.parts import REJECT_BIN, Decision, Reason
from edge.track import Track

DECISION = Decision(REJECT_BIN, Reason.CROWDED, "nut", 0.93, (0.93, 0.07))
KEEPS = {
    "saves nothing": "",
    "saves after 300 changes": "persistence true\nautosave_on_changes true\nautosave_interval 300\n",
    "saves after each change": "persistence true\nautosave_on_changes true\nautosave_interval 1\n",
}


def write_journal(path: Path, parts: int) -> None:
    """Write a run of rejected parts, which are final at once."""
    with closing(Journal(path, bundle_sha256="0" * 64, machine_sha256="0" * 64, clock="manual")) as journal:
        journal.database.execute("PRAGMA synchronous=OFF")
        for number in range(1, parts + 1):
            votes = [np.array([0.93, 0.07], dtype=np.float32)]
            journal.decided(Track(number, 0.0, 0.0, 20.0, 10.0, number, number, scores=votes), DECISION, number, None)
        journal.ended("no more frames", parts)


@contextmanager
def broker(folder: Path, keeps: str):
    """Run Mosquitto; yield its port."""
    folder.mkdir()
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    itself = "user root\n" if os.geteuid() == 0 else ""
    places = f"persistence_location {folder}/\n" if keeps else ""
    config = folder / "mosquitto.conf"
    config.write_text(
        f"{itself}listener {port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n{keeps}{places}"
    )
    program = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        raise SystemExit("expected mosquitto, found none; sudo apt install mosquitto")
    process = subprocess.Popen([program, "-c", str(config)], stderr=subprocess.DEVNULL)
    try:
        for _ in range(500):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.01)
        yield port
    finally:
        process.terminate()
        process.wait()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", type=int, default=2000)
    parser.add_argument("--folder", type=Path, help="where broker and journal write; a temporary folder by default")
    asked = parser.parse_args()
    machine = emulated_machine(["nut"], speed_mm_s=150.0, tiles=False)
    with tempfile.TemporaryDirectory(dir=asked.folder) as name:
        folder = Path(name)
        write_journal(folder / "journal.sqlite", asked.parts)
        for number, (says, keeps) in enumerate(KEEPS.items()):
            with broker(folder / str(number), keeps) as port:
                listener = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
                listener.connect("127.0.0.1", port)
                listener.subscribe("edge-sort/#", qos=2)
                listener.loop_start()
                begun = time.monotonic()
                table = MqttTable(host="127.0.0.1", port=port, line="line-1")
                told = tell_broker(machine, table, folder / "journal.sqlite", 1)
                took_s = time.monotonic() - begun
                listener.disconnect()
                listener.loop_stop()
            print(f"{says:<26}{told.parts} parts in {took_s:6.1f} s: {told.parts / took_s:6.0f} a second")


if __name__ == "__main__":
    main()
