"""Which pictures belong together."""

from __future__ import annotations

import pytest

from edge.errors import DataError
from training.groups import group_by_name, group_rule, join_groups, join_same_shots


def pictures(*paths: str) -> list[tuple[str, str]]:
    return [(path.split("/")[0], path) for path in paths]


def test_crops_of_one_photo_are_one_group_across_classes():
    """A shared name before _<number> is a thing photographed several times, whatever its classes."""
    groups, notes = group_by_name(
        pictures(
            "bolt/IMG_0179_2.jpg",
            "nut/IMG_0179_3.jpg",
            *(f"bolt/IMG_02{i}_1.jpg" for i in range(10, 16)),
            *(f"nut/IMG_03{i}_1.jpg" for i in range(10, 16)),
        )
    )

    assert groups[:2] == ["IMG_0179", "IMG_0179"]
    assert len(set(groups)) == 13
    assert notes == ()


@pytest.mark.parametrize("name", ["coin_{:05d}.png", "IMG_{:04d}.jpg", "part1-{}.jpg"])
def test_counting_names_are_no_group(name):
    """Pictures merely numbered one after another are different things, and the user hears about it."""
    groups, notes = group_by_name(pictures(*(f"coin/{name.format(i)}" for i in range(30)), "nut/a.png", "nut/b.png"))

    assert len(set(groups)) == 32
    assert "30 pictures are numbered" in notes[0]
    assert "--group-pattern" in notes[0]


def test_name_without_digit_may_be_a_group_when_it_is_rare_in_its_class():
    """Three shots of "blue" among many others are shots of one thing."""
    others = [f"coin/{letter}x.png" for letter in "abcdefghijklmnop"]

    groups, _ = group_by_name(pictures("coin/blue_1.png", "coin/blue_2.png", "coin/blue_3.png", *others))

    assert groups[:3] == ["blue"] * 3


def test_date_and_time_are_no_shot_number():
    """Six digits and more at the end are a time: photos of one day are not one group."""
    names = [f"bolt/PXL_20231018_1017227{i:02d}.jpg" for i in range(4)]

    groups, _ = group_by_name(pictures(*names, *(f"bolt/x{i}y.jpg" for i in range(20))))

    assert groups[:4] == names


def test_sub_folder_is_a_group_unless_it_holds_the_whole_class():
    """bolt/third/ is a thing; nut/photos/, with every nut in it, is only a place."""
    groups, _ = group_by_name(
        pictures("bolt/third/a.jpg", "bolt/third/b.jpg", "bolt/c.jpg", "nut/photos/d.jpg", "nut/photos/e.jpg")
    )

    assert groups == ["bolt/third", "bolt/third", "bolt/c.jpg", "nut/photos/d.jpg", "nut/photos/e.jpg"]


def test_pattern_takes_the_first_capture_group_of_the_path():
    """--group-pattern overrules names; what it does not match stands alone and is counted."""
    groups, notes = group_rule(r"sheet(\d+)")(pictures("1c/sheet12_a.jpg", "2c/sheet12_b.jpg", "2c/other.jpg"))

    assert groups == ["12", "12", "2c/other.jpg"]
    assert "1 pictures do not match" in notes[0]


PILES = r"(?P<paper>heap_[1-4]_)|(?P<stone>heap_([5-9]|1\d)_|last_)"


def test_pattern_with_several_named_groups_takes_the_name_of_the_one_that_matched():
    """Sheets 1 to 4 show one pile and 5 to 19 another, whatever their classes: no text in the path says so."""
    groups, notes = group_rule(PILES)(
        pictures("1c/heap_4_7.jpg", "2c/heap_1_2.jpg", "2c/heap_15_1.jpg", "1c/last_3.jpg", "1c/odd.jpg")
    )

    assert groups == ["paper", "paper", "stone", "stone", "1c/odd.jpg"]
    assert "1 pictures do not match" in notes[0]


def test_pattern_with_one_named_group_takes_its_text():
    """A name alone changes nothing: (?P<sheet>...) is a capture group like any other."""
    assert group_rule(r"sheet(?P<sheet>\d+)")(pictures("1c/sheet12_a.jpg"))[0] == ["12"]


def test_named_groups_that_match_together_are_an_error():
    """Two names for one picture leave open which thing it shows."""
    with pytest.raises(DataError, match=r"expected one .* 'bolt/heap_3.jpg', found that heap and sheet"):
        group_rule(r"(?P<heap>heap)_(?P<sheet>\d)")(pictures("bolt/heap_3.jpg"))


@pytest.mark.parametrize(
    ("pattern", "found"), [("(", "expected a regular expression"), ("IMG_", "expected a capture group")]
)
def test_useless_pattern_is_an_error(pattern, found):
    """A pattern that cannot name a group is refused before any picture is read."""
    with pytest.raises(DataError, match=found):
        group_rule(pattern)


def test_pattern_that_matches_nothing_is_an_error():
    """A pattern made for other names must not pass for "every picture alone"."""
    with pytest.raises(DataError, match="matches none"):
        group_rule(r"photo(\d+)")(pictures("bolt/a.jpg", "nut/b.jpg"))


def test_same_shots_join_their_groups():
    """Pictures of one thing pull their groups together, through any number of steps."""
    assert join_groups(["d", "c", "b", "a", "e"], [(0, 1), (2, 3)]) == ["c", "c", "a", "a", "e"]
    assert join_groups(["c", "b", "b", "a"], [(0, 1), (2, 3)]) == ["a", "a", "a", "a"]


def test_looks_join_groups_across_names():
    """Two shots of one thing under two names share a side."""
    assert join_same_shots(["bolt"] * 5, list("abcde"), [(0, 3)], []) == (["a", "b", "c", "a", "e"], ())


def test_class_whose_pictures_all_look_the_same_is_not_one_thing():
    """Before a fixed camera every part lies in one place; only copies are joined, and the user hears it."""
    labels, groups = ["jig"] * 6 + ["nut"] * 4, list("abcdefghij")
    chain = [(n, n + 1) for n in range(5)]

    joined, notes = join_same_shots(labels, groups, [*chain, (6, 7)], [(0, 1)])

    assert joined == ["a", "a", "c", "d", "e", "f", "g", "g", "i", "j"]
    assert notes[0].startswith("most pictures of jig look the same")
