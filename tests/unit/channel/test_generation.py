import json
from pathlib import Path
from typing import Any

import pytest

from rootstock.channel import generation
from rootstock.channel.generation import Generation, History, Published, history, keys
from rootstock.channel.promote import promote
from rootstock.errors import RefusedError

from .conftest import listed, note


def package_of(number: int) -> dict[str, Published]:
    return {
        f"p{number}": Published(
            subdir="noarch", sha256="", size=1, key=f"key{number}", generation=number
        )
    }


def one(number: int, base: int, **values: Any) -> Generation:
    return Generation(number=number, time="", base=base, **values)


# p1, then p2, p1 hidden, back to p1 and p2, p3.
PAST = History(
    (
        generation.NOTHING,
        one(1, 0, packages=package_of(1), cells={"a": ("p1",)}),
        one(2, 1, packages=package_of(2), cells={"a": ("p2",)}),
        one(3, 2, kind="hiding", hidden=("p1",)),
        one(4, 2, kind="rollback"),
        one(5, 4, packages=package_of(3), cells={"b": ("p1", "p3")}),
    )
)


def test_what_a_generation_shows_follows_from_its_bases() -> None:
    shown = [PAST.visible(number) for number in range(6)]
    assert shown == [
        set(),
        {"p1"},
        {"p1", "p2"},
        {"p2"},
        {"p1", "p2"},
        {"p1", "p2", "p3"},
    ]
    assert PAST.visible() == shown[-1]
    assert [found.number for found in PAST.lineage(5)] == [1, 2, 4, 5]


def test_a_release_is_visible_with_all_its_packages_only() -> None:
    numbers = [
        [found.number for found in PAST.releases(number, PAST.visible(number))]
        for number in range(6)
    ]
    assert numbers == [[], [1], [1, 2], [2], [1, 2], [1, 2, 5]]


def test_the_origin_of_a_rollback_is_what_it_shows() -> None:
    assert [PAST.origin(number).number for number in range(6)] == [0, 1, 2, 3, 2, 5]


def test_all_that_was_published_is_known() -> None:
    assert list(PAST.published) == ["p1", "p2", "p3"]


def test_a_record_is_read_as_it_was_written(package: Any, tmp_path: Path) -> None:
    first, second = package("one"), package("two", noarch="generic")
    promote([first], tmp_path, cells={"cell": [first.filename]}, release=note)
    made = promote([second], tmp_path).generation
    assert generation.current(tmp_path) == made == history(tmp_path).current
    path = tmp_path / ".rootstock/generations/0002/generation.json"
    assert path.read_text() == json.dumps(generation.as_json(made), indent=1, sort_keys=True) + "\n"
    assert history(tmp_path).generations[1].cells == {"cell": (first.filename,)}
    assert [release["release"] for release in listed(tmp_path)] == [1]


def test_a_record_has_what_its_generation_changed(package: Any, tmp_path: Path) -> None:
    promote([package("one")], tmp_path)
    two = package("two")
    promote([two], tmp_path)
    record = json.loads((tmp_path / ".rootstock/generations/0002/generation.json").read_text())
    assert record["base"] == 1
    assert record["packages"] == {
        two.filename: {
            "key": "key",
            "sha256": two.sha256,
            "size": two.size,
            "subdir": "linux-64",
        }
    }


def test_keys_are_of_all_that_was_ever_visible(package: Any, tmp_path: Path) -> None:
    artifacts = [package("one", key="a"), package("two", key="b")]
    for artifact in artifacts:
        promote([artifact], tmp_path)
    assert list(keys(tmp_path).items()) == [(a.filename, (a.key, a.sha256)) for a in artifacts]


def test_channel_that_is_not_there() -> None:
    assert keys(Path("/nowhere")) == {}
    assert generation.current(Path("/nowhere")).number == 0


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[:-9],
        lambda text: text.replace('"base"', '"bass"'),
        lambda text: text.replace('"format": 2', '"format": 3'),
    ],
    ids=["cut", "other field", "other format"],
)
def test_a_record_that_cannot_be_read_is_told(package: Any, tmp_path: Path, damage: Any) -> None:
    promote([package("one")], tmp_path)
    promote([package("two")], tmp_path)
    path = tmp_path / ".rootstock/generations/0001/generation.json"
    text = path.read_text()
    path.write_text(damage(text))
    with pytest.raises(RefusedError, match=r"0001/generation\.json cannot be read"):
        promote([package("three")], tmp_path)
    path.write_text(text)
    assert promote([package("three")], tmp_path).generation.number == 3


def test_a_copy_without_its_links_is_told(package: Any, tmp_path: Path) -> None:
    promote([package("one")], tmp_path)
    link = tmp_path / ".rootstock/current"
    target = link.resolve()
    link.unlink()
    target.rename(link)
    with pytest.raises(RefusedError, match="not be worked on"):
        keys(tmp_path)
