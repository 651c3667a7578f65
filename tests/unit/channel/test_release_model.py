import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rootstock.channel import release_model
from rootstock.channel.layout import release_dir

from ..conftest import CELL, Released


def test_a_record_is_read_as_it_was_written(released: Released) -> None:
    text = (released.folder / release_model.RECORD).read_text()
    release = release_model.parse(text)
    assert release == released.release
    assert release.text() == text


def test_keys_are_sorted(released: Released) -> None:
    text = released.release.text()
    assert text == json.dumps(json.loads(text), indent=1, sort_keys=True) + "\n"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": 2}, r"has format 2, and rootstock \S+ reads format 1"),
        ({"format": "x"}, "'format'"),
        ({"release": ...}, "lacks the field 'release'"),
        ({"release": 0}, "0 is not the number of a release"),
        ({"release": True}, "True"),
        ({"surprise": 1}, "surprise"),
        ({"cells": {CELL.id: {}}}, "lacks the field"),
        ({"cells": {"../x": {}}}, "a cell's id"),
        ({"packages": {}}, "a package that the release lacks"),
        ({"files": {}}, "a file that the release lacks"),
        ({"files": ["a"]}, "is not an object"),
        ({"channel": 5}, "is not an address"),
        ({"channel": "https://x.org/a b"}, "without blanks"),
        ({"channel": "ftp://x.org"}, "is not an address"),
        ({"time": "yesterday"}, "is not a time"),
        ({"time": "2026-13-01T00:00:00+00:00"}, "is not a time"),
        ({"commit": "a\nb"}, "is not a line"),
        ({"commit": "\ud800"}, "is not a line"),
    ],
)
def test_what_is_no_record_is_reported(
    released: Released, change: dict[str, object], said: str
) -> None:
    value = json.loads(released.release.text()) | change
    text = json.dumps({name: part for name, part in value.items() if part is not ...})
    with pytest.raises(ValueError, match=said):
        release_model.parse(text)


LOW = "low-1.0-h0_0.conda"
FILES = [
    "/etc/hostname",
    "../x",
    "../../../x",
    "a/../../x",
    ".",
    "..",
    "",
    "a//b",
    "keys",
    "keys/../x.pub",
    "keys/x.pub",
    "attestations/x.json",
    "attestations/a/b-1-0.conda.json",
    "attestations/release.json.json",
    "release.json",
    "a;b.txt",
    "a\0b",
    "a\nb",
    "\ud800",
    "a" * 300,
]


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_below_its_release(released: Released, name: str) -> None:
    value = json.loads(released.release.text())
    value["files"][name] = "0" * 64
    with pytest.raises(ValueError, match=r"is not|is no file"):
        release_model.parse(json.dumps(value))


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("subdir", "../.."),
        ("subdir", "linux-aarch64"),
        ("name", "../low"),
        ("version", "1.0/../.."),
        ("build", "-"),
        ("sha256", "../x"),
        ("sha256", None),
        ("md5", "0"),
        ("size", -1),
        ("size", "12"),
        ("size", 1e9),
        ("license", ["MIT"]),
        ("floor", {"declared": "2.17"}),
        ("audit", "failed"),
    ],
)
def test_a_package_has_what_packages_have(released: Released, field: str, wrong: object) -> None:
    value = json.loads(released.release.text())
    value["packages"][LOW][field] = wrong
    if field == "subdir":
        value["packages"][LOW]["url"] = f"{wrong}/{LOW}"
    with pytest.raises(ValueError, match="cannot be read"):
        release_model.parse(json.dumps(value))


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("files", ["x"]),
        ("files", None),
        ("files", {"explicit": "../x.txt"}),
        ("files", {"explicit": "other.txt"}),
        ("packages", [LOW, LOW]),
        ("packages", ["../x"]),
        ("packages", LOW),
        ("specs", "root"),
        ("smoke", []),
        ("python", "3.11; x"),
    ],
)
def test_a_cell_has_what_cells_have(released: Released, field: str, wrong: object) -> None:
    value = json.loads(released.release.text())
    value["cells"][CELL.id][field] = wrong
    with pytest.raises(ValueError, match="cannot be read"):
        release_model.parse(json.dumps(value))


@pytest.mark.parametrize("text", ["[" * 100_000, '{"format":' * 100_000, "NaN", "", b"\xff\xfe"])
def test_what_is_no_record_at_all_is_reported(text: str | bytes) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        release_model.parse(text)


def _paths(value: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path to each value in a value of JSON."""
    yield path
    inside = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value if isinstance(value, list) else ())
    )
    for key, part in inside:
        yield from _paths(part, (*path, key))


HOSTILE = st.one_of(
    st.sampled_from(["..", "../../x", "/x", "a/b", "a\0", "\n", "\ud800", "x" * 300, "noarch"]),
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=5), st.integers(), max_size=2),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_whatever_is_changed_what_is_read_stays_in_its_folders(
    released: Released, data: st.DataObject
) -> None:
    """Any value, or the name of any field, becomes something else."""
    value = json.loads(released.release.text())
    *above, last = data.draw(st.sampled_from([path for path in _paths(value) if path]))
    place = value
    for key in above:
        place = place[key]
    hostile = data.draw(HOSTILE)
    if isinstance(place, dict) and data.draw(st.booleans()):
        place[hostile if isinstance(hostile, str) else "x"] = place.pop(last)
    else:
        place[last] = hostile
    try:
        release = release_model.parse(json.dumps(value))
    except ValueError as error:
        said = str(error)
        assert said.isprintable() and len(said) < 500
        return
    top = Path("/srv/channel")
    inside = [(top / p.url, top) for p in release.packages.values()]
    folder = top / release_dir(release.release)
    inside += [(folder / name, folder) for name in release.files]
    inside += [(folder / f, folder) for cell in release.cells.values() for f in cell.files.values()]
    for path, above in inside:
        assert Path(os.path.normpath(path)).is_relative_to(above) and path != above
    assert release.text()


@pytest.mark.parametrize("field", ["name", "url"])
def test_a_package_is_is_what_its_file_name_says(released: Released, field: str) -> None:
    value = json.loads(released.release.text())
    value["packages"]["low-1.0-h0_0.conda"][field] = "high"
    with pytest.raises(ValueError, match=r"has the wrong url|does not match its file name"):
        release_model.parse(json.dumps(value))
