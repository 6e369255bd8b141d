"""Carry a bundle to a line's computer, where it lies beside the running one until it is promoted."""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edge.bundle import DIGEST_FILE
from edge.bundle_archive import pack_bundle
from edge.errors import RemoteError
from edge.remote import Place, Remote

PUSHED = "pushed"  # below the folder there
_INCOMING = f"{PUSHED}/.incoming"
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Pushed:
    """folder: of the bundle on the far side. new: it was not there before."""

    folder: str
    digest: str
    new: bool


def push(bundle: Path, place: Place, remote: Remote, tell: Tell) -> Pushed:
    """Pack a bundle, send it, and have the far side verify and unpack it into a new folder named after its digest.

    Nothing runs with it by that. Raises BundleError for a damaged bundle, RemoteError when the far side cannot be
    reached, has no edge-sort, or refuses what arrived.
    """
    with tempfile.TemporaryDirectory(prefix="edge-sort-") as scratch:
        draft = Path(scratch) / "bundle.tar"
        digest = pack_bundle(bundle, draft).digest
        name = digest[:16]
        packed = draft.rename(draft.with_name(f"{name}.tar"))
        target = f"{PUSHED}/{name}"
        if _is_there(place, remote, target, digest):
            return Pushed(place.below(target), digest, new=False)
        tell(f"sending {packed.stat().st_size / 1e6:.1f} MB")
        _make_incoming(place, remote)
        remote.send(packed, f"{place.below(_INCOMING)}/")
    arrived = f"{_INCOMING}/{name}.tar"
    tell("verifying there")
    try:
        remote.edge_sort(place.below(), "bundle", "unpack", "--", arrived, target)
    finally:
        remote.shell(f"rm -f -- {shlex.quote(place.below(arrived))}")
    return Pushed(place.below(target), digest, new=True)


def _is_there(place: Place, remote: Remote, target: str, digest: str) -> bool:
    """Whether this very bundle was unpacked there before; it was verified then, and is again before it may sort."""
    reply = remote.shell(f"cat -- {shlex.quote(place.below(target, DIGEST_FILE))}")
    return reply.code == 0 and reply.out.startswith(digest)


def _make_incoming(place: Place, remote: Remote) -> None:
    reply = remote.shell(f"mkdir -p -- {shlex.quote(place.below(_INCOMING))}")
    if reply.code != 0:
        raise RemoteError(
            f"{place.host}: expected a folder that can be written to, found: {reply.last_words}; give another as "
            f"{place.host}:DIR"
        )
