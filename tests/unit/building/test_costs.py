from pathlib import Path

import pytest

from rootstock.building.costs import Cost, estimate, load, remember
from rootstock.core.progress import Event, silent
from rootstock.core.store import Store


def test_what_is_remembered_is_loaded_again(store: Store) -> None:
    remember({"zlib": Cost(seconds=9.14, memory=51_200_001)}, store, silent)
    remember({"xz": Cost(seconds=2.0)}, store, silent)
    remember({"zlib": Cost(seconds=8.0)}, store, silent)  # too short for its memory to be seen
    assert load(store.durations, listen=silent) == {
        "xz": Cost(seconds=2.0),
        "zlib": Cost(seconds=8.0, memory=52_000_000),
    }


def test_a_package_has_a_line(store: Store) -> None:
    new = {"zlib": Cost(seconds=9.14, memory=51_200_001), "xz": Cost(seconds=2.0)}
    remember(new, store, silent)
    assert store.durations.read_text().splitlines() == [
        "{",
        ' "xz": {"seconds": 2.0},',
        ' "zlib": {"seconds": 9.1, "megabytes": 52}',
        "}",
    ]


def test_this_machine_knows_better(store: Store, tmp_path: Path) -> None:
    seed, gone = tmp_path / "seed.json", tmp_path / "gone.json"
    seed.write_text('{"zlib": {"seconds": 9}, "xz": {"seconds": 2}}')
    remember({"zlib": Cost(seconds=4.0)}, store, silent)
    found = load(seed, store.durations, gone, listen=silent)
    assert found == {"zlib": Cost(seconds=4.0), "xz": Cost(seconds=2.0)}


@pytest.mark.parametrize("text", ["{", "7", "[7]", '{"xz": 3.0}', '{"xz": {"seconds": "long"}}'])
def test_damage_is_reported_and_mended(store: Store, text: str) -> None:
    store.durations.parent.mkdir()
    store.durations.write_text(text)
    events: list[Event] = []
    assert load(store.durations, listen=events.append) == {}
    assert str(store.durations) in events[0].detail
    remember({"xz": Cost(seconds=2.0)}, store, silent)
    assert load(store.durations, listen=silent) == {"xz": Cost(seconds=2.0)}


def test_of_the_unknown_the_middle_is_assumed() -> None:
    recorded = {
        "a": Cost(seconds=1.0, memory=100),
        "b": Cost(seconds=2.0, memory=300),
        "c": Cost(seconds=60.0),
    }
    assert estimate({"x": "new", "y": "c"}, recorded) == {
        "x": Cost(seconds=2.0, memory=200),
        "y": Cost(seconds=60.0, memory=200),
    }


def test_all_is_the_same_where_nothing_is_known() -> None:
    assert len(set(estimate({"x": "a", "y": "b"}, {}).values())) == 1
