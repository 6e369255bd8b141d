"""Which pictures show the same thing: they must stand on one side of a split.

The default rule, for a picture below a class folder:

1. in a sub-folder of its class folder: the sub-folder is the group (unless the whole class lies in it);
2. else its name without a trailing `_12` or `-12` (one to five digits; six and more are a date or a time), when at
   least two pictures share it. `IMG_0179_2.jpg` and `IMG_0179_3.jpg` are crops of one photo, whatever their classes;
3. but a name that merely counts the pictures is no group: `coin_00000.png`, `coin_00001.png`, ... or `IMG_0001.jpg`,
   `IMG_0002.jpg`, ... A shared name is taken for such a series when it covers more than half of any class, or, having
   no digit that could tell one thing from the next, more than a fifth. The user is told;
4. else the picture is a group of its own;
5. whatever the rule, pictures that look the same (training.look_alikes) join their groups, unless most of a class
   does: then a fixed camera saw different things in one place.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from pathlib import PurePosixPath

from edge.errors import DataError

SERIES_SHARE = 0.5
SERIES_SHARE_WITHOUT_DIGIT = 0.2

_SHOT_NUMBER = re.compile(r"[_-]\d{1,5}$")

# From (label, path below the data folder) of every picture to its group, and what to tell the user.
GroupRule = Callable[[Sequence[tuple[str, str]]], tuple[list[str], tuple[str, ...]]]


def group_rule(pattern: str | None) -> GroupRule:
    """Return the rule for a `--group-pattern`, or the default one for None. Raises DataError for a bad pattern."""
    return group_by_name if pattern is None else _PatternRule(pattern)


def group_by_name(pictures: Sequence[tuple[str, str]]) -> tuple[list[str], tuple[str, ...]]:
    """Group pictures by the default rule (see the module)."""
    folders = [_sub_folder(path) for _, path in pictures]
    whole = {label for label in {label for label, _ in pictures} if _lies_in_one_folder(label, pictures, folders)}
    stems = [_SHOT_NUMBER.sub("", PurePosixPath(path).stem) for _, path in pictures]
    in_folder = [
        folder is not None and label not in whole for (label, _), folder in zip(pictures, folders, strict=True)
    ]
    shared = Counter(stem for stem, inside in zip(stems, in_folder, strict=True) if not inside)
    series = _series([label for label, _ in pictures], stems)
    groups = []
    for (_, path), folder, inside, stem in zip(pictures, folders, in_folder, stems, strict=True):
        if inside and folder is not None:
            groups.append(folder)
        elif shared[stem] > 1 and stem not in series:
            groups.append(stem)
        else:
            groups.append(path)
    return groups, _series_notes(series, Counter(stems))


def join_groups(groups: Sequence[str], pairs: Sequence[tuple[int, int]]) -> list[str]:
    """Join the groups of pictures, given by position, that show one thing; they take the first name in sorted order."""
    parent = {group: group for group in groups}

    def root(group: str) -> str:
        while parent[group] != group:
            group = parent[group]
        return group

    for first, second in pairs:
        low, high = sorted((root(groups[first]), root(groups[second])))
        parent[high] = low
    return [root(group) for group in groups]


def join_same_shots(
    labels: Sequence[str], groups: Sequence[str], same: Sequence[tuple[int, int]], copies: Sequence[tuple[int, int]]
) -> tuple[list[str], tuple[str, ...]]:
    """Join the groups of pictures that look the same, and tell the user where that cannot be meant.

    same, copies: pairs of positions that look alike, or are equal to the byte. Where looks would glue more than half of
    a class together, as with parts in one place before a fixed camera, only its copies are joined.
    """
    joined = join_groups(groups, [*same, *copies])
    sizes, classes = Counter(zip(labels, joined, strict=True)), Counter(labels)
    apart = Counter(zip(labels, groups, strict=True))
    alike = {
        label
        for (label, group), count in sizes.items()
        if count > SERIES_SHARE * classes[label] and count > 2 and apart[label, group] < count
    }
    if not alike:
        return joined, ()
    told = [pair for pair in same if not {labels[pair[0]], labels[pair[1]]} & alike]
    return join_groups(groups, [*told, *copies]), (
        f"most pictures of {', '.join(sorted(alike))} look the same: each is taken for a thing of its own; if several "
        "show the same thing, use --group-pattern",
    )


class _PatternRule:
    """A regular expression searched in the path below the data folder: its first capture group names the thing.

    Where the text of the path cannot, its alternatives can: with several named groups, the name of the one that matched
    is the group. `(?P<left>a_[1-4]_)|(?P<right>a_[5-9]_)` makes of nine photos two things.
    """

    def __init__(self, pattern: str) -> None:
        try:
            self._pattern = re.compile(pattern)
        except re.error as error:
            raise DataError(
                f"--group-pattern: expected a regular expression, found {pattern!r} ({error}); correct it"
            ) from error
        if self._pattern.groups < 1:
            raise DataError(
                f"--group-pattern: expected a capture group, found none in {pattern!r}; put the part of the path "
                "that names the thing in parentheses, like '(IMG_\\d+)_'"
            )

    def __call__(self, pictures: Sequence[tuple[str, str]]) -> tuple[list[str], tuple[str, ...]]:
        found = [self._found(path) for _, path in pictures]
        alone = [path for (_, path), group in zip(pictures, found, strict=True) if not group]
        if len(alone) == len(pictures):
            raise DataError(
                f"--group-pattern: expected it to match paths like {alone[0]!r}, found that "
                f"{self._pattern.pattern!r} matches none; correct it"
            )
        groups = [group or path for (_, path), group in zip(pictures, found, strict=True)]
        if not alone:
            return groups, ()
        return groups, (
            f"{len(alone)} pictures do not match --group-pattern (first: {alone[0]}); each is a group of its own",
        )

    def _found(self, path: str) -> str | None:
        match = self._pattern.search(path)
        if match is None:
            return None
        if len(self._pattern.groupindex) < 2:
            return match.group(1)
        matched = [name for name, text in match.groupdict().items() if text is not None]
        if len(matched) > 1:
            raise DataError(
                f"--group-pattern: expected one of its named groups to match {path!r}, found that "
                f"{' and '.join(matched)} do; make them alternatives, like '(?P<left>a_[1-4]_)|(?P<right>a_[5-9]_)', "
                "or leave out the names"
            )
        return matched[0] if matched else None


def _sub_folder(path: str) -> str | None:
    folder = PurePosixPath(path).parent
    return folder.as_posix() if len(folder.parts) > 1 else None


def _lies_in_one_folder(label: str, pictures: Sequence[tuple[str, str]], folders: Sequence[str | None]) -> bool:
    return len({folder for (own, _), folder in zip(pictures, folders, strict=True) if own == label}) == 1


def _series(labels: Sequence[str], stems: Sequence[str]) -> set[str]:
    class_size = Counter(labels)
    in_class: dict[str, Counter[str]] = defaultdict(Counter)
    for label, stem in zip(labels, stems, strict=True):
        in_class[stem][label] += 1
    return {
        stem
        for stem, counts in in_class.items()
        if sum(counts.values()) > 1
        and max(count / class_size[label] for label, count in counts.items()) > _allowed_share(stem)
    }


def _allowed_share(stem: str) -> float:
    return SERIES_SHARE if any(letter.isdigit() for letter in stem) else SERIES_SHARE_WITHOUT_DIGIT


def _series_notes(series: set[str], counts: Counter[str]) -> tuple[str, ...]:
    if not series:
        return ()
    total, names = sum(counts[stem] for stem in series), ", ".join(f"{stem}_<number>" for stem in sorted(series))
    return (
        f"{total} pictures are numbered one after another ({names}): "
        "each is taken for a thing of its own; if several show the same thing, use --group-pattern",
    )
