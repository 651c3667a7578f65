from pathlib import Path

import pytest

from rootstock.core import result_cache
from rootstock.core.progress import Event, silent
from rootstock.core.store import Store

VALUE = {"filename": "a.conda", "findings": [{"rule": "leak", "waived": ""}], "seconds": 0.25}


def test_what_is_written_is_read(store: Store) -> None:
    place = store.result("audit", "digest")
    assert result_cache.read(place, "audit", silent) is None
    result_cache.write(place, VALUE, store)
    assert result_cache.read(place, "audit", silent) == VALUE


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"waived": ""', '"waived": "x"'),
        ('"leak"', '"leaj"'),
        ("0.25", "0.26"),
        ("}", ""),
        ('"proof"', '"poof"'),
    ],
)
def test_what_was_not_written_is_no_proof(store: Store, old: str, new: str) -> None:
    place = store.result("audit", "digest")
    result_cache.write(place, VALUE, store)
    text = place.read_text()
    assert old in text
    place.write_text(text.replace(old, new))
    events: list[Event] = []
    assert result_cache.read(place, "audit", events.append) is None
    assert [(event.state, event.stage) for event in events] == [("note", "audit")]
    assert str(place) in events[0].detail


def test_bytes_that_are_no_text_are_no_proof(store: Store) -> None:
    place = store.result("audit", "digest")
    result_cache.write(place, VALUE, store)
    place.write_bytes(b"\xff" + place.read_bytes())
    assert result_cache.read(place, "audit", silent) is None


def test_a_change_of_the_installer_repeats_the_tests_of_environments(tmp_path: Path) -> None:
    for room in ("smoke", "environment"):
        (tmp_path / room).mkdir()
        (tmp_path / room / "run.py").write_text("1")
    digests = {result_cache.environments(tmp_path / "smoke")}
    for room in ("smoke", "environment"):
        (tmp_path / room / "run.py").write_text("2")
        result_cache.program.cache_clear()
        digests.add(result_cache.environments(tmp_path / "smoke"))
    assert len(digests) == 3
