import json
from pathlib import Path
from typing import Any

import pytest

from rootstock.build import durations
from rootstock.progress import Event, silent
from rootstock.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path / "store")
    made.prepare()
    return made


def test_this_machine_knows_better(store: Store, package: Any, tmp_path: Path) -> None:
    (tmp_path / "ci").mkdir()
    (tmp_path / "ci/durations.json").write_text(json.dumps({"one": 7, "two": 8}))
    durations.remember([package("one")], store, silent)
    assert durations.known(tmp_path, store, silent) == {"one": 0.0, "two": 8.0}


@pytest.mark.parametrize("text", ['{"one": 7', "7", "[7]", '{"one": "long"}', '{"one": null}'])
def test_damage_is_told_and_mended(store: Store, package: Any, tmp_path: Path, text: str) -> None:
    store.durations.write_text(text)
    events: list[Event] = []
    assert durations.known(tmp_path, store, events.append) == {}
    assert str(store.durations) in events[0].detail
    durations.remember([package("one")], store, silent)
    assert durations.known(tmp_path, store, silent) == {"one": 0.0}
