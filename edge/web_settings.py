"""Where the operator's page listens, and who may use it."""

from __future__ import annotations

import errno
import ipaddress
import re
import socket
from dataclasses import dataclass
from pathlib import Path

from edge.errors import MachineError
from edge.problems import first_problem
from edge.web_table import WebTable
from edge.web_tokens import DEFAULT_FILE, TokenFile

_BACKLOG = 64


@dataclass(frozen=True)
class WebSettings:
    """What the page needs to know. tokens: None where whoever can reach it may do everything.

    names: under which it is asked for, without ports, beside plain addresses.
    """

    host: str
    port: int
    tokens: Path | None
    names: frozenset[str]

    @property
    def address(self) -> str:
        """What to type into a browser on this computer, or elsewhere."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}/"


def web_settings(table: WebTable, asked: str = "") -> WebSettings:
    """Put the machine file and `--web HOST:PORT` together. Raises MachineError, also for what would be unsafe."""
    host, port = _host_and_port(asked, table) if asked else (table.host, table.port)
    _check_name(host)
    path = table.tokens
    if path is None and DEFAULT_FILE.exists():
        path = DEFAULT_FILE
    if path is not None and not TokenFile(path).tokens():
        raise MachineError(f"{path}: expected at least one token, found none; make one with: edge-sort web token")
    if path is None and not is_loopback(host):
        raise MachineError(
            f"--web: expected a file of tokens for a page that listens on {host}, beyond this computer, found none; "
            "make one with: edge-sort web token --role operator"
        )
    here = {"localhost", host.lower()}
    if not is_loopback(host):
        here |= {socket.gethostname().lower(), f"{socket.gethostname().lower()}.local"}
    return WebSettings(host, port, path, frozenset(here | {name.lower() for name in table.names}))


def listen(settings: WebSettings) -> tuple[socket.socket, WebSettings]:
    """Take the port; return it with the settings as they then are (port 0 takes any). Raises MachineError."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((settings.host, settings.port))
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRNOTAVAIL:
            raise _not_here(settings.host) from error
        raise MachineError(
            f"--web: expected to listen on {settings.host}:{settings.port}, found: {first_problem(error).lower()}; "
            "end the program that listens there, or give another port, such as --web 127.0.0.1:8081"
        ) from error
    port = listening.getsockname()[1]
    return listening, WebSettings(settings.host, port, settings.tokens, settings.names)


def is_loopback(host: str) -> bool:
    """Whether only this computer can reach an address. A name is not trusted to be one, but for localhost."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_of_this_computer(name: str) -> bool:
    """Whether a host name leads to an address of this computer, on which it can listen."""
    try:
        found = {one[4][0] for one in socket.getaddrinfo(name, None, socket.AF_INET, socket.SOCK_STREAM)}
        for address in found:
            with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tried:
                tried.bind((address, 0))
    except (OSError, UnicodeError):
        return False
    return True


def _check_name(host: str) -> None:
    """Raise MachineError for a name that is none of this computer's; an address is found out by listening on it."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        if not is_loopback(host) and not is_of_this_computer(host):
            raise _not_here(host) from None


def _not_here(host: str) -> MachineError:
    return MachineError(
        f"--web: expected an address or a name of this computer to listen on, found {host}, which is none; give "
        "127.0.0.1:8080 for this computer alone, or, with tokens, 0.0.0.0:8080 for all its addresses"
    )


def _host_and_port(asked: str, table: WebTable) -> tuple[str, int]:
    match = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([^:\s/]+))?(?::(\d{1,5}))?", asked)
    if asked.isdecimal():
        match = re.fullmatch(r"()()(\d{1,5})", asked)
    port = int(match[3]) if match and match[3] else table.port
    if match is None or port > 65535:
        hint = f"an IPv6 address stands in brackets, as [{asked}]:8080" if _is_ipv6(asked) else "correct it"
        raise MachineError(f"--web: expected HOST, HOST:PORT or PORT, such as 127.0.0.1:8081, found {asked!r}; {hint}")
    return match[1] or match[2] or table.host, port


def _is_ipv6(asked: str) -> bool:
    try:
        ipaddress.IPv6Address(asked)
    except ValueError:
        return False
    return True
