"""Home Assistant finds the line by itself: one device with its sensors, in the form of MQTT device discovery.

https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload, which Home Assistant reads since 2024.11.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from edge.mqtt_link import OFFLINE, ONLINE
from edge.mqtt_table import MqttTable
from edge.mqtt_topics import AVAILABILITY, COUNTS, as_json
from edge.parts import REJECT_BIN
from edge.states import State


def discovery(table: MqttTable, bins: Iterable[str], version: str) -> dict[str, bytes]:
    """Return topic -> message for a line with these bins; nothing where Home Assistant is not to be told."""
    if not table.home_assistant:
        return {}
    name = f"{table.prefix}/{table.line}".replace("/", "_")
    facts = {
        "device": {
            "identifiers": [name],
            "name": f"Sorting line {table.line}",
            "model": "edge-sort",
            "sw_version": version,
        },
        "origin": {"name": "edge-sort", "sw_version": version},
        "availability": [
            {
                "topic": f"{table.base}/{AVAILABILITY}",
                "payload_available": ONLINE.decode(),
                "payload_not_available": OFFLINE.decode(),
            }
        ],
        "qos": 1,
        "components": {key: {"unique_id": f"{name}_{key}", **one} for key, one in _sensors(table.base, bins).items()},
    }
    return {f"{table.discovery_prefix}/device/{name}/config": as_json(facts)}


def _sensors(base: str, bins: Iterable[str]) -> dict[str, dict[str, Any]]:
    state, counts, incident, part = (f"{base}/{name}" for name in ("state", COUNTS, "incident", "part"))
    sensors: dict[str, dict[str, Any]] = {
        "sorting": {
            "platform": "binary_sensor",
            "name": "Sorting",
            "device_class": "running",
            "state_topic": state,
            "value_template": f"{{{{ 'ON' if value_json.state == '{State.EXECUTE}' else 'OFF' }}}}",
        },
        "state": {
            "platform": "sensor",
            "name": "State",
            "device_class": "enum",
            "options": [str(one) for one in State],
            "state_topic": state,
            "value_template": "{{ value_json.state }}",
            "json_attributes_topic": state,
        },
        "incident": {
            "platform": "sensor",
            "name": "Last incident",
            "icon": "mdi:alert-outline",
            "state_topic": incident,
            "value_template": "{{ value_json.kind }}",
            "json_attributes_topic": incident,
        },
        "part": {
            "platform": "sensor",
            "name": "Last part",
            "icon": "mdi:cog-outline",
            "state_topic": part,
            "value_template": "{{ value_json.label or 'unclassified' }}",
            "json_attributes_topic": part,
        },
        "parts": _count("Parts", counts, "value_json.parts"),
    }
    for index, name in enumerate(dict.fromkeys([*bins, REJECT_BIN])):
        key = name.replace("\\", "\\\\").replace("'", "\\'")
        sensors[f"bin_{index}"] = _count(f"Bin {name}", counts, f"value_json.bins['{key}'] | default(0)")
    return sensors


def _count(name: str, topic: str, value: str) -> dict[str, Any]:
    return {
        "platform": "sensor",
        "name": name,
        "icon": "mdi:counter",
        "state_class": "total_increasing",
        "unit_of_measurement": "parts",
        "state_topic": topic,
        "value_template": f"{{{{ {value} }}}}",
    }
