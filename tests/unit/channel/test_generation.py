import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rootstock.channel import generation
from rootstock.channel.generation import Generation, History, Published
from rootstock.channel.layout import RECORD, Layout
from rootstock.core.errors import RefusedError

from ...channels import current, history, keys, promote
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
    assert current(tmp_path) == made == history(tmp_path).current
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
    assert current(Path("/nowhere")).number == 0


DAMAGE: dict[str, Any] = {
    "cut": lambda text: text[:-9],
    "other field": lambda text: text.replace('"base"', '"bass"'),
    "its own base": lambda text: text.replace('"base": 0', '"base": 1'),
    "a base to come": lambda text: text.replace('"base": 0', '"base": 50'),
    "a base below all": lambda text: text.replace('"base": 0', '"base": -1'),
    "no base": lambda text: text.replace('"base": 0', '"base": null'),
    "another number": lambda text: text.replace('"number": 1', '"number": 77'),
    "another kind": lambda text: text.replace("promotion", "wat"),
    "no time": lambda text: re.sub('"time": ".*"', '"time": "yesterday"', text),
    "a subdir above": lambda text: text.replace('"linux-64"', '"../.."'),
    "a name above": lambda text: text.replace("one-1.0-h0_0.conda", "../one-1.0-h0_0.conda"),
    "another hash": lambda text: re.sub('"sha256": ".*"', '"sha256": "0"', text),
    "another size": lambda text: re.sub('"size": [0-9]+', '"size": "1"', text),
    "a list": lambda text: "[]",
    "nested": lambda text: "[" * 100_000,
    "a package hidden that never was": lambda text: text.replace(
        '"hidden": []', '"hidden": ["a-1-0.conda"]'
    ),
    "a package shown that never was": lambda text: text.replace(
        '"shown": []', '"shown": ["a-1-0.conda"]'
    ),
    "a cell of what never was": lambda text: text.replace(
        '"cells": {}', '"cells": {"x": ["a-1-0.conda"]}'
    ),
    "no cells": lambda text: text.replace('"cells": {}', '"cells": []'),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_record_that_cannot_be_read_is_reported(
    package: Any, tmp_path: Path, damage: Any
) -> None:
    promote([package("one")], tmp_path)
    promote([package("two")], tmp_path)
    path = tmp_path / ".rootstock/generations/0001/generation.json"
    text = path.read_text()
    assert damage(text) != text
    path.write_text(damage(text))
    said = r"damaged: (\S+0001/generation\.json cannot be read|generation 1 )"
    with pytest.raises(RefusedError, match=said):
        promote([package("three")], tmp_path)
    path.write_text(text)
    assert promote([package("three")], tmp_path).generation.number == 3


def test_another_format_is_no_damage(package: Any, tmp_path: Path) -> None:
    promote([package("one")], tmp_path)
    path = tmp_path / ".rootstock/generations/0001/generation.json"
    path.write_text(path.read_text().replace('"format": 2', '"format": 3'))
    with pytest.raises(
        RefusedError, match=r"has format 3, and rootstock \S+ reads format 2"
    ) as said:
        keys(tmp_path)
    assert "Nothing is broken" in said.value.remedy and "damaged" not in said.value.message


def test_a_name_is_placed_once(package: Any, tmp_path: Path) -> None:
    promote([package("one")], tmp_path)
    promote([package("two")], tmp_path)
    path = tmp_path / ".rootstock/generations/0002/generation.json"
    path.write_text(path.read_text().replace("two-", "one-"))
    with pytest.raises(RefusedError, match=r"generation 2 adds files again: one-1\.0-h0_0\.conda"):
        keys(tmp_path)


@pytest.mark.parametrize(
    "target",
    [
        "../../other/0001",
        "generations/../x/0001",
        "0001",
        "generations/-001",
        "/x",
        "generations/²",
    ],
)
def test_a_link_that_leads_elsewhere_is_reported(package: Any, tmp_path: Path, target: str) -> None:
    promote([package("one")], tmp_path)
    link = tmp_path / ".rootstock/current"
    link.unlink()
    link.symlink_to(target)
    with pytest.raises(RefusedError, match="is not its own link"):
        keys(tmp_path)


VALUES = st.one_of(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    st.sampled_from(
        ["..", "../x", "/x", "a-1-0.conda", "../a-1-0.conda", "noarch", "a\0", "\ud800"]
    ),
    st.lists(st.sampled_from(["a-1-0.conda", "..", 1]), max_size=2),
    st.dictionaries(st.sampled_from(["a-1-0.conda", "..", "x"]), st.integers(), max_size=2),
)
WRONG = st.dictionaries(
    st.sampled_from(["number", "time", "kind", "base", "packages", "shown", "hidden", "cells"]),
    VALUES,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(wrong=WRONG, entry=st.dictionaries(st.sampled_from(["subdir", "size", "key", "x"]), VALUES))
def test_whatever_a_record_says_it_is_read_or_refused(
    tmp_path: Path, wrong: dict[str, Any], entry: dict[str, Any]
) -> None:
    placed = Published(subdir="noarch", sha256="0" * 64, size=1, key="key", generation=1)
    made = one(1, 0, packages={"a-1-0.conda": placed})
    record = generation.as_json(made) | {"time": "2026-11-22T20:00:00+00:00"}
    record["packages"]["a-1-0.conda"] |= entry
    folder = Layout(tmp_path).generation(1)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / RECORD).write_text(json.dumps(record | wrong))
    link = tmp_path / ".rootstock/current"
    if not link.is_symlink():
        link.symlink_to("generations/0001")
    try:
        past = history(tmp_path)
    except RefusedError:
        return
    assert past.visible() <= past.published.keys()
    for name, known in past.published.items():
        path = Path("/srv", known.subdir, name)
        assert Path(os.path.normpath(path)) == path and path.parts[:2] == ("/", "srv")
    past.releases(1, past.visible())


def test_a_copy_without_its_links_is_reported(package: Any, tmp_path: Path) -> None:
    promote([package("one")], tmp_path)
    link = tmp_path / ".rootstock/current"
    target = link.resolve()
    link.unlink()
    target.rename(link)
    with pytest.raises(RefusedError, match="rootstock cannot change it"):
        keys(tmp_path)
