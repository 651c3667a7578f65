from pathlib import Path

import pytest

from rootstock.core import seal
from rootstock.core.errors import SourceError, UsageError
from rootstock.core.progress import Event, silent
from rootstock.core.store import Store
from rootstock.sources import tools

LOCK = "one==1.0 \\\n    --hash=sha256:00\n"


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "one.lock"
    path.write_text(LOCK)
    return path


@pytest.fixture
def place(store: Store) -> Path:
    """An environment as `ensure` leaves it."""
    environment = store.tool(tools._digest(LOCK.encode())) / "env"
    (environment / "bin").mkdir(parents=True)
    (environment / "bin/one").write_text("one")
    seal.put(environment)
    return environment


def test_what_is_there_is_not_made_again(store: Store, lock: Path, place: Path) -> None:
    assert tools.ensure(lock, store, silent, offline=True) == place


def test_another_lock_is_another_environment(store: Store, lock: Path, place: Path) -> None:
    lock.write_text(LOCK.replace("1.0", "2.0"))
    with pytest.raises(SourceError, match="the program one is not in the store"):
        tools.ensure(lock, store, silent, offline=True)
    assert place.is_dir()


def test_a_damaged_environment_is_taken_away(store: Store, lock: Path, place: Path) -> None:
    (place / "bin/one").write_text("another")
    said: list[Event] = []
    with pytest.raises(SourceError):
        tools.ensure(lock, store, said.append, offline=True)
    assert not place.exists()
    assert "is damaged" in said[0].detail


def test_a_lock_that_is_not_there(store: Store, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        tools.ensure(tmp_path / "none.lock", store, silent)


def test_only_programs_are_left(tmp_path: Path) -> None:
    folder = tmp_path / "bin"
    (folder / "__pycache__").mkdir(parents=True)
    (folder / "program").write_bytes(b"\x7fELF...")
    (folder / "python").symlink_to("program")
    (folder / "script").write_text("#!/elsewhere/python\n")
    (folder / "activate").write_text("VIRTUAL_ENV=/elsewhere\n")
    tools._remove_scripts(tmp_path)
    assert {path.name for path in folder.iterdir()} == {"program", "python"}
