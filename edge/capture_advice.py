"""What is there of each class by now, and what is still too little to train on."""

from __future__ import annotations

from pathlib import Path

from edge.counted import counted
from edge.pictures import PICTURE_SUFFIXES

LEAST_SESSIONS = 3  # training, validation and test get whole sessions
LEAST_PICTURES = 50
UNEVEN = 3.0  # times as many of one class as of another


def sessions_of(label_folder: Path) -> dict[str, int]:
    """Return how many pictures each session of a class has; "" stands for those in no session."""
    counts: dict[str, int] = {}
    if not label_folder.is_dir():
        return counts
    for path in sorted(label_folder.rglob("*")):
        place = path.relative_to(label_folder)
        if path.suffix.lower() in PICTURE_SUFFIXES and not any(part.startswith(".") for part in place.parts):
            session = place.parent.as_posix() if len(place.parts) > 1 else ""
            counts[session] = counts.get(session, 0) + 1
    return counts


def advice(data: Path, label: str) -> list[str]:
    """Say what this class still lacks, and what the whole folder does, a sentence each; nothing when all is well."""
    sessions = sessions_of(data / label)
    pictures, named = sum(sessions.values()), sum(bool(name) for name in sessions)
    said = []
    if 0 < named < LEAST_SESSIONS and "" not in sessions:
        said.append(
            f"{label} has {counted(named, 'session')}; training, validation and test each get whole sessions, so take "
            f"{LEAST_SESSIONS} or more: other specimens, another hour, the lamp as it is on the line"
        )
    if 0 < pictures < LEAST_PICTURES:
        said.append(
            f"{label} has {counted(pictures, 'picture')}; {LEAST_PICTURES} are a beginning, a few hundred are better"
        )
    others = {folder.name: sum(sessions_of(folder).values()) for folder in _classes(data)}
    others = {name: count for name, count in others.items() if count}
    if len(others) < 2:
        said.append(f"{data} has only {label}; training needs a second class at least")
    elif max(others.values()) > UNEVEN * min(others.values()):
        most, least = max(others, key=others.__getitem__), min(others, key=others.__getitem__)
        said.append(f"{most} has {others[most]} pictures and {least} {others[least]}; take more of {least}")
    return said


def _classes(data: Path) -> list[Path]:
    return sorted(path for path in data.iterdir() if path.is_dir() and not path.name.startswith("."))
