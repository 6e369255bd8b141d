"""The split: whole groups, every picture once, every class everywhere, the same from the same seed."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import DataError
from training.dataset import Item
from training.split import SUBSETS, Fractions, leak_of, split_items


def items(groups: list[tuple[str, str]]) -> list[Item]:
    """One item per (label, group)."""
    return [
        Item(Path(f"/data/{i}.png"), f"{i}.png", label, group, f"bytes {i}") for i, (label, group) in enumerate(groups)
    ]


own_groups = st.dictionaries(
    st.sampled_from("abcdef"), st.lists(st.integers(1, 6), min_size=3, max_size=12), min_size=2
)
any_groups = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 20).map(str)), min_size=1, max_size=80)


def check(pictures: list[Item], split: dict[str, list[int]]) -> None:
    assert sorted(index for subset in SUBSETS for index in split[subset]) == list(range(len(pictures)))
    side = {pictures[index].group: subset for subset in SUBSETS for index in split[subset]}
    for subset in SUBSETS:
        assert {side[pictures[index].group] for index in split[subset]} == {subset}
        assert {pictures[index].label for index in split[subset]} == {item.label for item in pictures}


@given(own_groups, st.integers(0, 5))
def test_classes_with_three_groups_of_their_own_always_divide(sizes, seed):
    """Whatever the sizes of its groups: with three or more per class there is a split, and it is a right one."""
    pictures = items(
        [(label, f"{label}{n}") for label, own in sizes.items() for n, size in enumerate(own) for _ in range(size)]
    )

    check(pictures, split_items(pictures, Fractions(), seed))


@given(any_groups, st.integers(0, 5))
def test_entangled_groups_divide_rightly_or_not_at_all(groups, seed):
    """Groups that span classes: the split is right, or there is none and it says so."""
    pictures = items(groups)
    try:
        split = split_items(pictures, Fractions(0.2, 0.2), seed)
    except DataError:
        return
    check(pictures, split)


def test_same_seed_same_split_and_another_seed_another():
    """The seed alone decides; the order in which the pictures were found does not."""
    pictures = items([(label, f"{label}{n}") for label in "ab" for n in range(40)])

    first, again, other = (split_items(pictures, Fractions(), seed) for seed in (1, 1, 2))
    backwards = split_items(pictures[::-1], Fractions(), 1)

    assert first == again
    assert first != other
    assert {pictures[::-1][i].relative for i in backwards["test"]} == {pictures[i].relative for i in first["test"]}


def test_shares_are_met_class_by_class():
    """Rare classes get their share too."""
    pictures = items([("rare", f"r{n}") for n in range(20)] + [("common", f"c{n}") for n in range(200)])

    split = split_items(pictures, Fractions(0.1, 0.2), seed=0)

    counts = {subset: Counter(pictures[index].label for index in split[subset]) for subset in SUBSETS}
    assert counts["validation"] == {"rare": 2, "common": 20}
    assert counts["test"] == {"rare": 4, "common": 40}


def test_too_few_groups_name_the_class():
    """Two groups cannot stand on three sides."""
    pictures = items([("bolt", "x"), ("bolt", "x"), ("bolt", "y"), ("nut", "1"), ("nut", "2"), ("nut", "3")])

    with pytest.raises(DataError, match=r"class 'bolt': expected at least 3 groups .* found 2 \(3 pictures\)"):
        split_items(pictures, Fractions(), seed=0)


@pytest.mark.parametrize(("validation", "test"), [(0, 0.1), (0.1, 0), (0.5, 0.4)])
def test_shares_must_leave_something_for_everyone(validation, test):
    """No subset may be empty, and training keeps a fifth."""
    with pytest.raises(DataError, match="shares above 0"):
        Fractions(validation, test)


def test_a_division_of_ours_leaks_nothing():
    """A group stays on one side."""
    pictures = items([(label, f"{label}{number}") for label in "ab" for number in range(9)])
    split = split_items(pictures, Fractions(), seed=0)

    assert leak_of({side: [pictures[index] for index in indices] for side, indices in split.items()}) is None


@pytest.mark.parametrize("same", ["group", "sha256"])
def test_test_pictures_that_were_learned_from_are_counted(same):
    """Of one group with one of them, by name or by look, or the very same bytes under another name."""
    learned, other, tested = items([("a", "one"), ("a", "two"), ("a", "three")])
    tested = replace(tested, **{same: getattr(learned, same)})

    told = leak_of({"train": [other], "validation": [learned], "test": [tested, replace(other, group="x", sha256="x")]})

    assert told is not None
    assert told.startswith("1 of 2 test pictures show what a training or validation picture shows")
