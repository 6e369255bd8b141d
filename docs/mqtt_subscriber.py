"""Hear every part of every line once: python mqtt_subscriber.py HOST [PORT]. Prints a JSON object per part.

It needs paho-mqtt alone. Its session stays with the broker, so what comes while it is away waits there for it.
"""

import json
import sys

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

heard = {}  # journal -> the newest part heard of it; keep it on the disk where the program may be started again


def is_new(part):
    """A broker that was killed, and a subscription, tell the newest parts again."""
    key = (part["run"], part["sequence"])
    if key <= heard.get(part["journal"], (0, 0)):
        return False
    heard[part["journal"]] = key
    return True


def hear(message):
    part = json.loads(message.payload)
    if is_new(part):
        print(json.dumps({"line": message.topic.split("/")[-2], **part}), flush=True)


def main(host, port=1883):
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, "parts-of-all-lines", protocol=mqtt.MQTTv5)
    client.on_connect = lambda client, *_: client.subscribe("edge-sort/+/part", qos=2)
    client.on_message = lambda _client, _data, message: hear(message)
    session = Properties(PacketTypes.CONNECT)
    session.SessionExpiryInterval = 7 * 24 * 3600
    client.connect(host, int(port), clean_start=False, properties=session)
    client.loop_forever(retry_first_connection=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
