"""The table [mqtt] of a machine file: which broker hears what the line does, and under which name."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from edge.errors import MachineError
from edge.tables import Table


def _word(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", text):
        raise ValueError("expected up to 64 letters, digits, - and _, as in line-1")
    return text


def _words(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*", text) or len(text) > 200:
        raise ValueError("expected words of letters, digits, - and _, with / between them, as in plant/edge-sort")
    return text


Word = Annotated[str, AfterValidator(_word)]
Topic = Annotated[str, AfterValidator(_words)]
_PORT, _TLS_PORT = 1883, 8883
_CERTIFICATES = ("ca_file", "cert_file", "key_file")
MQTT_FILES = ("password_file", *_CERTIFICATES)


class MqttTable(Table):
    """[mqtt] Tell a broker of every part, incident and change of state; nothing it says ever reaches the line.

    line: the line's name, its own among all lines of the broker; topics are prefix/line/... port: 1883, with tls 8883,
    by default. password_file: its first line is the password. ca_file: who signed the broker's certificate, where the
    system does not know them. cert_file, key_file: the line's own certificate. keepalive_s: a line that is silent for
    half as long again is told to be offline. counts_every_s: at most so often are the counts told. home_assistant: make
    the line appear there by itself, under discovery_prefix.
    """

    host: str = Field(min_length=1, max_length=253)
    port: int | None = Field(default=None, ge=1, le=65535)
    line: Word
    prefix: Topic = "edge-sort"
    username: str | None = Field(default=None, min_length=1)
    password: SecretStr | None = None
    password_file: Path | None = None
    tls: bool = False
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    keepalive_s: int = Field(default=30, ge=5, le=3600)
    counts_every_s: float = Field(default=5.0, ge=0.5, le=3600)
    home_assistant: bool = False
    discovery_prefix: Topic = "homeassistant"

    @property
    def broker_port(self) -> int:
        """The port, also where none is given."""
        return self.port or (_TLS_PORT if self.tls else _PORT)

    @property
    def base(self) -> str:
        """What the topics of this line begin with."""
        return f"{self.prefix}/{self.line}"


def check_mqtt(table: MqttTable | None) -> None:
    """Raise MachineError when keys of [mqtt] that are each fine by themselves do not go together."""
    if table is None:
        return
    if table.password is not None and table.password_file is not None:
        raise MachineError("mqtt.password: expected one password, found mqtt.password_file beside it; keep one of them")
    if table.username is None and (table.password is not None or table.password_file is not None):
        raise MachineError("mqtt.username: expected whose password that is, found none; add it")
    if not table.tls and (table.ca_file or table.cert_file or table.key_file):
        raise MachineError("mqtt.tls: expected true beside certificates, found false; set it, or take them out")
    if (table.cert_file is None) != (table.key_file is None):
        raise MachineError("mqtt.key_file: expected mqtt.cert_file and its key together, found one; give both")


def secret(table: MqttTable) -> str | None:
    """Return the password, read from its file where it is in one. Raises MachineError."""
    if table.password_file is None:
        return table.password.get_secret_value() if table.password is not None else None
    try:
        lines = table.password_file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise MachineError(
            f"mqtt.password_file: expected a file whose first line is the password, found {table.password_file}: "
            f"{why}; correct the path or its permissions"
        ) from error
    if not lines or not lines[0]:
        raise MachineError(
            f"mqtt.password_file: expected the password in the first line, found {table.password_file} without one; "
            "write it there"
        )
    return lines[0]


def check_files(table: MqttTable) -> None:
    """Raise MachineError when a certificate or a key is not there."""
    for name in _CERTIFICATES:
        path: Path | None = getattr(table, name)
        if path is not None and not path.is_file():
            raise MachineError(f"mqtt.{name}: expected a file, found none at {path}; correct the path")
