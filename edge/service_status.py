"""How the service of a line is, as systemd tells."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from edge.service_install import Target

_KEYS = ("ActiveState", "SubState", "StatusText", "Result", "NRestarts", "ActiveEnterTimestamp")
_TIMEOUT_S = 10.0
_UNKNOWN = "unknown"


@dataclass(frozen=True)
class ServiceStatus:
    """state: systemd's ActiveState, "unknown" where systemd cannot be asked. told: what the line says of itself.

    result: why it ended last, "success" when nothing went wrong.
    """

    name: str
    installed: bool
    enabled: bool
    state: str
    told: str
    since: str
    restarts: int
    result: str

    @property
    def active(self) -> bool:
        """Whether the line runs."""
        return self.state == "active"

    @property
    def sentence(self) -> str:
        """Say it for a person, with what to do."""
        if not self.installed:
            return f"{self.name} is not installed; install it with: sudo edge-sort service install"
        starts = "starts with the system" if self.enabled else "does not start with the system"
        if self.state == _UNKNOWN:
            return f"{self.name} is installed and {starts}; whether it runs cannot be asked: systemd does not answer"
        told = f"{self.name} is {self.state}, {starts}"
        if self.active:
            restarts = f", started again {self.restarts} times" if self.restarts else ""
            return f"{told}, since {self.since}{restarts}: {self.told or 'it says nothing yet'}"
        if self.state == "failed":
            return f"{told} ({self.result}); see why: journalctl --unit {self.name} --lines 50"
        return f"{told}; start it with: sudo systemctl start {self.name}"

    def as_dict(self) -> dict[str, Any]:
        """Return everything under the names that `service status --json` uses."""
        return {**asdict(self), "active": self.active}


def read_status(target: Target, name: str) -> ServiceStatus:
    """Ask systemd, where it runs this very system. Elsewhere only what is in the files is told."""
    said: dict[str, str] = {}
    if target.live:
        ran = target.run(("systemctl", "show", f"{name}.service", f"--property={','.join(_KEYS)}"), _TIMEOUT_S)
        lines = ran.out.splitlines() if ran.code == 0 else []
        said = {key: value for key, _, value in (line.partition("=") for line in lines)}
    restarts = said.get("NRestarts", "")
    return ServiceStatus(
        name=name,
        installed=target.unit(name).is_file(),
        enabled=target.link(name).is_symlink(),
        state=said.get("ActiveState") or _UNKNOWN,
        told=said.get("StatusText", ""),
        since=said.get("ActiveEnterTimestamp", ""),
        restarts=int(restarts) if restarts.isdecimal() else 0,
        result=said.get("Result", ""),
    )
