"""What may stand in [mqtt], what Home Assistant is told, and that the documentation says what the code does."""

from __future__ import annotations

import json
import re
import sys
from contextlib import closing
from pathlib import Path

import pytest

from edge.emulated_world import emulated_machine
from edge.errors import MachineError, MissingPackageError
from edge.machine_checks import check_machine
from edge.mqtt_counts import Counts
from edge.mqtt_discovery import discovery
from edge.mqtt_order import Order, order_of, require_paho
from edge.mqtt_outbox import Outbox
from edge.mqtt_process import mqtt_order, telling_broker
from edge.mqtt_streams import Place
from edge.mqtt_table import MqttTable, secret
from edge.mqtt_topics import AVAILABILITY, COUNTS, STREAMS, message
from tests.edge.mosquitto import KEEPING
from tests.edge.told_journal import ToldLine

MACHINE = emulated_machine(["nut", "it's"], speed_mm_s=150.0, tiles=False)
TABLE = MqttTable(host="broker", line="line-1")
DOCS = (Path(__file__).resolve().parents[2] / "docs" / "mqtt.md").read_text()


def with_mqtt(**keys):
    return MACHINE.model_copy(update={"mqtt": TABLE.model_copy(update=keys)})


def messages(tmp_path):
    """Return a message of each topic, by the topic's last word."""
    with closing(ToldLine(tmp_path / "journal.sqlite")) as line:
        line.part()
        line.incident()
        line.end()
        outbox, start = Outbox(line.journal.database, settle_s=0.0), Place(1)
        found = {}
        counts = Counts(line.journal.database, dict.fromkeys(STREAMS, start))
        for name in STREAMS:
            for entry in outbox.due(name, start, 0.0):
                found[name] = json.loads(message(outbox.journal, entry.place, entry.facts))
                counts.told(name, entry.place, entry.facts)
        return found | {COUNTS: {"journal": outbox.journal, **counts.facts()}}


@pytest.mark.parametrize(
    ("keys", "named"),
    [
        ({"password_file": Path("secret")}, "mqtt.username"),
        ({"username": "a", "password": "b", "password_file": Path("secret")}, "mqtt.password"),
        ({"ca_file": Path("ca.crt")}, "mqtt.tls"),
        ({"tls": True, "cert_file": Path("a.crt")}, "mqtt.key_file"),
    ],
)
def test_keys_that_do_not_go_together_are_refused_by_name(keys, named):
    """Before anything moves."""
    with pytest.raises(MachineError, match=rf"^{named}: expected"):
        check_machine(with_mqtt(**keys))


@pytest.mark.parametrize("line", ["", "a/b", "#", "+", "a b", "ü", "x" * 65])
def test_a_line_s_name_is_one_word_of_a_topic(line):
    """A name with a wildcard would be refused by the broker only, and one with a slash would be no line's."""
    with pytest.raises(ValueError, match="line"):
        MqttTable(host="broker", line=line)


def test_a_password_shows_up_nowhere(tmp_path):
    """Not in the machine's digest, not in what is printed of the settings, not in an error."""
    given = [
        MACHINE.model_copy(update={"mqtt": MqttTable(host="b", line="l", username="u", password=word)})
        for word in ("hunter2", "other")
    ]
    assert given[0].digest() == given[1].digest()
    order = order_of(given[0], given[0].mqtt, tmp_path / "journal.sqlite", 1.0)
    assert order.password == "hunter2"
    assert "hunter2" not in repr(order) + repr(given[0])
    assert Order.model_validate_json(order.model_dump_json()) == order


@pytest.mark.parametrize("content", [None, b"", b"\nsecret", b"\xff\xfe"])
def test_a_password_file_without_a_password_is_told(tmp_path, content):
    """Missing, empty, or no text."""
    path = tmp_path / "secret"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(MachineError, match=r"^mqtt\.password_file: expected"):
        secret(TABLE.model_copy(update={"username": "u", "password_file": path}))


def test_what_keeps_a_broker_from_being_told_is_said_before_anything_moves(tmp_path, monkeypatch):
    """A missing package, a missing certificate; without [mqtt] neither matters; without a journal nothing is told."""
    told = []
    assert mqtt_order(MACHINE, tmp_path / "journal.sqlite", told.append) is None
    assert mqtt_order(with_mqtt(), None, told.append) is None
    assert told == ["mqtt: nothing is told to the broker, because it is told from a journal: give --journal"]
    with telling_broker(None, told.append):
        pass
    with pytest.raises(MachineError, match=r"^mqtt\.ca_file: expected a file"):
        mqtt_order(with_mqtt(tls=True, ca_file=tmp_path / "none.crt"), tmp_path / "j.sqlite", told.append)
    monkeypatch.setitem(sys.modules, "paho", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(MissingPackageError, match=r"pip install '\.\[mqtt\]'"):
        require_paho()


# https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload and the pages of the two platforms
DEVICE = {"identifiers", "connections", "name", "manufacturer", "model", "model_id", "hw_version", "sw_version",
          "serial_number", "suggested_area", "configuration_url", "via_device"}  # fmt: skip
ORIGIN = {"name", "sw_version", "support_url"}
SHARED = {"device", "origin", "components", "availability", "availability_mode", "availability_topic", "state_topic",
          "command_topic", "qos", "encoding", "payload_available", "payload_not_available"}  # fmt: skip
ENTITY = {"platform", "unique_id", "name", "icon", "state_topic", "value_template", "json_attributes_topic",
          "device_class", "expire_after", "force_update", "entity_category", "enabled_by_default", "object_id",
          "default_entity_id"}  # fmt: skip
SENSOR = ENTITY | {"state_class", "unit_of_measurement", "options", "suggested_display_precision"}
BINARY_SENSOR = ENTITY | {"payload_on", "payload_off", "off_delay"}


def announced():
    ((topic, payload),) = discovery(TABLE.model_copy(update={"home_assistant": True}), ["nut", "it's"], "1.0").items()
    return topic, json.loads(payload)


def test_home_assistant_is_told_in_the_form_it_documents():
    """A key that it does not know makes it refuse the whole device."""
    topic, facts = announced()
    assert re.fullmatch(r"homeassistant/device/[A-Za-z0-9_-]+/config", topic)
    assert set(facts) <= SHARED
    assert {"device", "origin", "components"} <= set(facts)
    assert set(facts["device"]) <= DEVICE
    assert facts["device"]["identifiers"]
    assert set(facts["origin"]) <= ORIGIN
    assert facts["availability"][0]["topic"] == f"edge-sort/line-1/{AVAILABILITY}"
    identities = [one["unique_id"] for one in facts["components"].values()]
    assert len(set(identities)) == len(identities) == 8
    for one in facts["components"].values():
        assert set(one) <= (SENSOR if one["platform"] == "sensor" else BINARY_SENSOR)
        assert {"unique_id", "state_topic", "name"} <= set(one)
        if one.get("device_class") == "enum":
            assert one["options"]
            assert not {"state_class", "unit_of_measurement"} & set(one)


def test_what_home_assistant_makes_of_the_messages_is_what_they_say(tmp_path):
    """Its templates, on the messages of a line."""
    jinja2 = pytest.importorskip("jinja2")
    said, shown = messages(tmp_path), {}
    for name, one in announced()[1]["components"].items():
        facts = said[one["state_topic"].rsplit("/", 1)[1]]
        shown[name] = jinja2.Template(one["value_template"]).render(value_json=facts)
    assert shown == {
        "sorting": "OFF", "state": "Idle", "incident": "jam", "part": "nut", "parts": "1",
        "bin_0": "1", "bin_1": "0", "bin_2": "0",
    }  # fmt: skip


def test_home_assistant_is_told_nothing_unless_asked():
    """A broker without it need not keep a message for it."""
    assert discovery(TABLE, ["nut"], "1.0") == {}


def test_the_documentation_lists_every_topic_and_every_field_and_no_other(tmp_path):
    """They are what other programs are built on."""
    rows = dict(re.findall(r"^\| `edge-sort/LINE/(\w+)` \|[^|]*\| (.*) \|$", DOCS, flags=re.MULTILINE))
    said = messages(tmp_path)
    assert set(rows) == {*said, AVAILABILITY}
    for topic, facts in said.items():
        assert re.findall(r"`(\w+)`", rows[topic]) == list(facts)


def test_the_broker_of_the_tests_is_configured_as_the_documentation_says():
    """So that what they prove is what is promised."""
    for line in KEEPING.strip().splitlines():
        assert line.split("{")[0] in DOCS


def test_every_key_of_the_table_is_documented():
    """In docs/mqtt.md, by its name."""
    for key in MqttTable.model_fields:
        assert re.search(rf"\b{key}\b", DOCS), key
