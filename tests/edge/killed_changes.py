"""Change a line's bundle again and again, each time killed at a later step. Prints what was left, as JSON.

    python killed_changes.py promote|rollback LINE OLD NEW

LINE is made anew for each step. A step is what the file system is asked for below LINE: to open, make, rename, link or
remove something; SIGKILL comes just before it.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from pathlib import Path

from edge.bundle import open_bundle
from edge.errors import EdgeSortError
from edge.line_bundles import LineBundles, now_utc
from edge.line_history import Change, carried_out
from edge.promote_run import put_on_line
from edge.rollback import Word, roll_back

_STEPS = {"open", "os.mkdir", "os.rename", "os.symlink", "os.remove", "os.rmdir", "os.chmod", "shutil.rmtree"}


def promote(line: Path, bundle: Path) -> None:
    bundles, opened = LineBundles(line), open_bundle(bundle)
    with bundles.locked(make=True):
        before = bundles.current_digest
        change = Change(action="promote", before=before, after=opened.digest, at_utc=now_utc(), by="test")
        put_on_line(bundles, opened, change, None)


def kill_at(step: int, line: Path) -> None:
    """Have this process killed before its step-th request below `line`."""
    left = [step]

    def hook(event: str, arguments: tuple) -> None:
        if event in _STEPS and any(str(line) in str(one) for one in arguments if isinstance(one, str | Path)):
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def found(line: Path) -> dict:
    """Say what opens as the current bundle, and what the history says."""
    bundles = LineBundles(line)
    current = bundles.current
    digest = open_bundle(line / "current").digest if current else None
    return {"current": digest, "carried_out": carried_out(bundles.changes, digest), "changes": len(bundles.changes)}


def main() -> None:
    kind, line, old, new = sys.argv[1], *map(Path, sys.argv[2:])
    results = []
    for step in range(1000):
        shutil.rmtree(line, ignore_errors=True)
        promote(line, old)
        if kind == "rollback":
            promote(line, new)
        child = os.fork()
        if child == 0:
            kill_at(step, line)
            if kind == "promote":
                promote(line, new)
            else:
                roll_back(LineBundles(line), Word("test"))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        result = {"step": step, "killed": os.WIFSIGNALED(status), **found(line)}
        try:
            promote(line, new if result["current"] == open_bundle(old).digest else old)
            result |= {"after": found(line)["current"], "left": sorted(one.name for one in line.iterdir())}
        except EdgeSortError as error:
            result |= {"error": str(error)}
        results.append(result)
        if not result["killed"]:
            break
    print(json.dumps(results))


if __name__ == "__main__":
    main()
