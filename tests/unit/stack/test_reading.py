"""A wheel is read once; after that the store knows what a lock needs of it."""

import ast
import hashlib
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from rootstock.core import result_cache
from rootstock.core.errors import SourceError
from rootstock.core.progress import Event, silent
from rootstock.core.store import Store
from rootstock.stack import reading, wheel
from rootstock.stack.resolve import Resolved
from rootstock.stack.wanted import PackageSettings, Wanted
from rootstock.stack.wheel import Wheel

from . import sdists, wheels

METADATA = """\
Requires-Python: >=3.9,<4
Requires-Dist: scion[more]>=2,<3; python_version < "3.13"
License-Expression: MIT
"""
FILES = {
    "bud/__init__.py": b"",
    "INFO/licenses/LICENSE": b"MIT",
    "INFO/entry_points.txt": b"[console_scripts]\nbud = bud:main\n",
}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path / "store")
    made.prepare()
    return made


def put(path: Path, store: Store) -> Resolved:
    """Put a file into the store, as if it had been fetched."""
    data = path.read_bytes()
    sha256 = hashlib.sha256(data).hexdigest()
    place = store.source(sha256)
    place.mkdir()
    path.rename(place / path.name)
    return Resolved(
        project="bud",
        version="1.0",
        file=path.name,
        sha256=sha256,
        size=len(data),
        released=date(2026, 1, 2),
    )


def known(*drop: str) -> Wanted:
    own = PackageSettings(drop=drop, why="x")
    return Wanted(path=Path("ci/stack.toml"), sets=(), known={canonicalize_name("bud"): own})


def read(file: Resolved, store: Store, drop: Sequence[str] = ()) -> Wheel:
    return reading.read([file], known(*drop), store, silent)[file.sha256]


@pytest.mark.parametrize("ending", [".whl", ".tar.gz"])
def test_what_was_read_once_needs_no_file(tmp_path: Path, store: Store, ending: str) -> None:
    file = put(
        wheels.make(tmp_path, "bud", metadata=METADATA, files=FILES)
        if ending == ".whl"
        else sdists.make(tmp_path, "Requires-Python: >=3.9\n", {"LICENSE": "MIT"}, ending),
        store,
    )
    first = read(file, store)
    (store.source(file.sha256) / file.file).unlink()
    again = read(file, store)
    assert again == first
    assert [str(one) for one in again.requires] == [str(one) for one in first.requires]
    assert isinstance(again.files, tuple)


def test_a_file_is_opened_once(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    really = wheel.read

    def counted(path: Path, drop: Sequence[str] = ()) -> Wheel:
        opened.append(path.name)
        return really(path, drop)

    monkeypatch.setattr(wheel, "read", counted)
    file = put(wheels.make(tmp_path, "bud", metadata=METADATA, files=FILES), store)
    for _ in range(3):
        read(file, store)
    assert opened == [file.file]
    dropped = read(file, store, ["bud/*"])
    assert len(opened) == 2
    assert "site-packages/bud/__init__.py" in {*read(file, store).files} - {*dropped.files}
    assert len(opened) == 2
    monkeypatch.setattr(result_cache, "program", lambda *paths: "other modules that read")
    read(file, store)
    assert len(opened) == 3


def test_a_module_that_reads_is_known() -> None:
    """Others that these import only check names, or report."""
    reads = {path.stem for path in reading.DECIDING if path.stem != "reading"}
    imported = set[str]()
    for path in reading.DECIDING[1:]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("rootstock."):
                module = str(node.module).split(".")[2:]
                imported |= {*module} or {alias.name for alias in node.names}
    assert imported | {"sdist"} == reads | {"errors", "names"}


def test_a_damaged_result_is_made_again(tmp_path: Path, store: Store) -> None:
    file = put(wheels.make(tmp_path, "bud", metadata=METADATA, files=FILES), store)
    first = read(file, store)
    [place] = store.root.glob("proofs/wheels/*.json")
    text = place.read_text()
    place.write_text(text.replace("bud = bud:main", "bud = bad:main"))
    said: list[Event] = []
    assert reading.read([file], known(), store, said.append)[file.sha256] == first
    assert any("is damaged" in event.detail for event in said)
    assert place.read_text() == text


def test_what_cannot_be_read_is_not_remembered(tmp_path: Path, store: Store) -> None:
    file = put(wheels.make(tmp_path, "bud", metadata="Requires-Dist: not a requirement!\n"), store)
    for _ in range(2):
        with pytest.raises(SourceError, match="cannot be read as a wheel"):
            read(file, store)
    assert not list(store.root.glob("proofs/wheels/*"))
