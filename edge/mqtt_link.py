"""A connection to an MQTT broker, through paho-mqtt, driven by whoever holds it: no thread of its own.

It is never mended. What was under way when it broke is not known, so a new one begins by asking the broker what it has
(`edge.mqtt_receipt`), and nothing that paho may have queued for the old one is sent again.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from edge.errors import MqttError
from edge.extras import need
from edge.mqtt_table import MqttTable

ANSWER_S = 10.0  # for the broker to take the connection
RETAINED_S = 1.0  # for what it keeps; some brokers send that a little after they have confirmed the subscription
MOST_UNDERWAY = 20  # what every broker takes before its first answer
OFFLINE, ONLINE = b"offline", b"online"
_TAKEN_OVER = 0x8E


class Link(Protocol):
    """What the publisher needs of a connection. All of it raises MqttError when the connection is lost."""

    def retained(self, topics: Iterable[str]) -> dict[str, bytes]:
        """Return what the broker keeps under these topics."""
        ...

    def publish(self, topic: str, payload: bytes, *, once: bool) -> Callable[[], bool]:
        """Send what the broker shall keep; return what says whether it has it.

        once: it shall not be heard twice. That of the other kind tells when the broker refuses it.
        """
        ...

    def serve(self, wait_s: float) -> None:
        """Exchange what there is to exchange, waiting for it at most so long."""
        ...

    def close(self) -> None:
        """Take leave of the broker. May be called twice, and when the connection is lost."""
        ...


class PahoLink:
    """A Link over TCP or TLS."""

    def __init__(self, table: MqttTable, password: str | None, client_id: str, will: str | None) -> None:
        """Connect. will: the topic where the broker says "offline" when the connection is lost.

        Raises MqttError with what is wrong and which key of [mqtt] to look at, MissingPackageError without paho-mqtt.
        """
        paho = need("paho.mqtt.client", "mqtt", "telling a broker what the line does")
        self._table, self._refused, self._ended = table, "", ""
        self._answered, self._kept = False, dict[str, bytes]()
        client = self._client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id, protocol=paho.MQTTv5)
        client.max_inflight_messages_set(MOST_UNDERWAY)
        client.connect_timeout = ANSWER_S / 2
        client.on_connect, client.on_disconnect = self._on_connect, self._on_disconnect
        client.on_message, client.on_publish = self._on_message, self._on_publish
        if table.username is not None:
            client.username_pw_set(table.username, password)
        if will is not None:
            client.will_set(will, OFFLINE, qos=1, retain=True)
        try:
            if table.tls:
                client.tls_set(
                    *(str(path) if path else None for path in (table.ca_file, table.cert_file, table.key_file))
                )
            client.connect(table.host, table.broker_port, keepalive=table.keepalive_s)
        except (OSError, ValueError) as error:  # a ValueError is a host's name that no name can be
            raise MqttError(self._unreachable(error)) from error
        self._until(lambda: self._answered, ANSWER_S)
        if not self._answered:
            raise MqttError(
                f"{self._where}: expected an MQTT broker, found something that gives no answer; see mqtt.port"
            )

    def retained(self, topics: Iterable[str]) -> dict[str, bytes]:
        wanted = list(topics)
        self._client.subscribe([(topic, 0) for topic in wanted])
        self._until(lambda: set(wanted) <= set(self._kept), RETAINED_S)
        self._client.unsubscribe(wanted)
        return dict(self._kept)

    def publish(self, topic: str, payload: bytes, *, once: bool) -> Callable[[], bool]:
        # QoS 2 is once to the broker, and once from there to those who subscribe so; but paho hears no refusal of it
        sent = self._client.publish(topic, payload, qos=2 if once else 1, retain=True)
        self._check(sent.rc)
        return lambda: bool(sent.is_published())

    def serve(self, wait_s: float) -> None:
        self._check(self._client.loop(wait_s))

    def close(self) -> None:
        self._client.disconnect()

    @property
    def _where(self) -> str:
        return f"mqtt: {self._table.host}:{self._table.broker_port}"

    def _until(self, done: Callable[[], bool], within_s: float) -> None:
        deadline = time.monotonic() + within_s
        while not done() and (left_s := deadline - time.monotonic()) > 0:
            self.serve(min(0.2, left_s))

    def _check(self, code: int) -> None:
        if self._refused:
            raise MqttError(self._refused)
        if code and not self._answered:
            raise MqttError(
                f"{self._where}: expected an MQTT broker, found something that ends the connection before it answers; "
                "see mqtt.port and mqtt.tls"
            )
        if code:
            raise MqttError(self._ended or f"{self._where}: expected the broker to stay, found the connection lost")

    def _unreachable(self, error: OSError | ValueError) -> str:
        if isinstance(error, ssl.SSLCertVerificationError):
            return (
                f"{self._where}: expected a broker whose certificate can be trusted, found: {error.verify_message}; "
                "give who signed it in mqtt.ca_file, and the name in the certificate as mqtt.host"
            )
        if isinstance(error, ssl.SSLError) or (self._table.tls and isinstance(error, ConnectionResetError)):
            why = (getattr(error, "reason", None) or error.strerror or str(error)).replace("_", " ").lower()
            return f"{self._where}: expected a broker that speaks TLS there, found: {why}; see mqtt.port and mqtt.tls"
        if isinstance(error, socket.gaierror | ValueError):
            return f"{self._where}: expected a host of that name, found none ({error}); correct mqtt.host"
        why = error.strerror or str(error)
        return f"{self._where}: expected a broker there, found none ({why}); see mqtt.host, mqtt.port and the broker"

    def _on_connect(self, _client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        self._answered = True
        if reason.is_failure:
            who = f"user {self._table.username!r}" if self._table.username else "a client without mqtt.username"
            self._refused = (
                f"{self._where}: expected the broker to let the line in, found that it refuses {who} "
                f"({str(reason).lower()}); correct mqtt.username and its password"
            )

    def _on_disconnect(self, _client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.value == _TAKEN_OVER:
            self._ended = (
                f"{self._where}: expected one line of the name {self._table.line!r}, found another program that "
                "connects under it; give each line a mqtt.line of its own"
            )

    def _on_publish(self, _client: Any, _data: Any, _number: int, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            self._refused = (
                f"{self._where}: expected to be allowed to publish, found that the broker refuses it "
                f"({str(reason).lower()}); allow this user to write below {self._table.prefix}"
            )

    def _on_message(self, _client: Any, _data: Any, message: Any) -> None:
        if message.retain:
            self._kept[message.topic] = message.payload
