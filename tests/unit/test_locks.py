"""`scripts/_locks.py`: which locks there are, how each is resolved, what a new one changes."""

from pathlib import Path

import pytest
import tomlkit
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import _locks
from rootstock.core.errors import UsageError

CHECKOUT = Path(__file__).parents[2]
HASH = "--hash=sha256:" + 64 * "0"
OTHER = "--hash=sha256:" + 64 * "1"


def asked(one: _locks.LockFile) -> list[Requirement]:
    """What the source of a lock asks for."""
    text = (CHECKOUT / one.source).read_text()
    if one.source.endswith(".toml"):
        project = tomlkit.parse(text).unwrap()
        named = (
            project["dependency-groups"][one.group]
            if one.group
            else project["project"]["dependencies"]
        )
    else:
        named = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [Requirement(line) for line in named]


def test_every_lock_of_python_packages_is_known() -> None:
    found = {
        str(path.relative_to(CHECKOUT))
        for folder in (".", "ci", "ci/tools", "docs", "tests/nightly", "tests/system/tools")
        for path in (CHECKOUT / folder).glob("*.lock")
        if "--hash=" in path.read_text()
    }
    assert found == {one.path for one in _locks.LOCKS}


@pytest.mark.parametrize("one", _locks.LOCKS, ids=lambda one: one.path)
def test_a_lock_has_what_its_source_asks_for(one: _locks.LockFile) -> None:
    pins = _locks.read((CHECKOUT / one.path).read_text())
    for requirement in asked(one):
        versions = pins[canonicalize_name(requirement.name)].versions
        for version in versions:
            assert requirement.specifier.contains(version, prereleases=True), requirement
    assert all(pin.hashes for pin in pins.values())


@pytest.mark.parametrize("one", [one for one in _locks.LOCKS if one.within], ids=lambda o: o.path)
def test_a_lock_within_another_has_its_versions(one: _locks.LockFile) -> None:
    outer = _locks.read((CHECKOUT / one.within).read_text())
    inner = _locks.read((CHECKOUT / one.path).read_text())
    shared = outer.keys() & inner.keys()
    assert shared
    assert {name: inner[name].versions for name in shared} == {
        name: outer[name].versions for name in shared
    }


def test_versions_and_hashes_are_read_by_project() -> None:
    text = (
        "# head==1 of the file\n"
        f"a==1 ; python_version < '3.11' \\\n    {HASH}\n"
        f"a==2 ; python_version >= '3.11' \\\n    {OTHER}\n"
        f"b.c-d==1.0.post1 \\\n    {HASH} \\\n    {OTHER}\n"
    )
    pins = _locks.read(text)
    assert pins.keys() == {"a", "b.c-d"}
    assert pins["a"].versions == ("1", "2")
    assert pins["b.c-d"].versions == ("1.0.post1",)
    assert len(pins["a"].hashes) == len(pins["b.c-d"].hashes) == 2


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        (f"a==1 {HASH}\n", f"a==1 {HASH}\n", []),
        (f"a==1 {HASH}\n", f"a==2 {OTHER}\n", ["  a 1 -> 2"]),
        ("a==1\n", "a==1\na==2\n", ["  a 1 -> 1, 2"]),
        ("a==1\n", "b==2\n", ["- a 1", "+ b 2"]),
        ("", "b==2\n", ["+ b 2"]),
        (f"a==1 {HASH}\n", f"a==1 {HASH} {OTHER}\n", ["  a 1: 1 file more, 0 fewer"]),
        (f"a==1 {HASH}\n", f"a==1 {OTHER}\n", ["  a 1: 1 file more, 1 fewer"]),
        ("a==1\n", "# head\na==1\n", ["  the same packages in another form"]),
    ],
)
def test_what_a_new_lock_changes_is_said(old: str, new: str, lines: list[str]) -> None:
    found = _locks.differences(old, new)
    assert [line[: len(wanted)] for line, wanted in zip(found, lines, strict=True)] == lines


def test_locks_are_resolved_after_those_they_are_within() -> None:
    paths = [one.path for one in _locks.chosen(["requirements-dev.lock", "requirements.lock"])]
    assert paths == ["requirements.lock", "requirements-dev.lock"]
    every = [one.path for one in _locks.chosen([])]
    for one in _locks.LOCKS:
        assert not one.within or every.index(one.within) < every.index(one.path)


def test_a_path_that_is_no_lock_is_refused() -> None:
    with pytest.raises(UsageError, match=r"ci/stack\.lock is not a lock file"):
        _locks.chosen(["ci/stack.lock"])


def command(one: _locks.LockFile, upgrade: list[str] | None) -> list[str]:
    within = Path("outer.lock") if one.within else None
    return list(
        map(str, _locks.words(one, Path("uv"), Path("out"), within=within, upgrade=upgrade))
    )


def test_versions_stay_unless_they_are_asked_for() -> None:
    one = _locks.LockFile(path="a.lock", source="a.in")
    assert not [word for word in command(one, []) if word.startswith("--upgrade")]
    assert "--upgrade" in command(one, None)
    words = command(one, ["ruff", "mypy"])
    assert "--upgrade" not in words
    assert [words[n + 1] for n, word in enumerate(words) if word == "--upgrade-package"] == [
        "ruff",
        "mypy",
    ]


def test_a_group_is_resolved_alone_and_within_its_lock() -> None:
    one = _locks.LockFile(path="b.lock", source="pyproject.toml", group="dev", within="a.lock")
    words = command(one, [])
    assert "pyproject.toml" not in words  # which would bring the program's own dependencies
    assert words[words.index("--group") + 1] == "pyproject.toml:dev"
    assert words[words.index("--constraint") + 1] == "outer.lock"


def test_help_names_every_lock_and_gives_examples() -> None:
    text = _locks.parser().format_help()
    for one in _locks.LOCKS:
        assert f"{one.path} " in text
    assert "--dry-run" in text.partition("examples:")[2]
