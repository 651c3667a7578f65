"""`ci/stack.lock`: the files of every package of the stack, decided once and reviewed.

It is JSON with sorted keys, an entry per wheel, so that a change of one package changes a few
lines. It holds everything that planning needs: planning opens no wheel.
"""

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from rootstock.core import names, regular, shape
from rootstock.core.audit_rules import WAIVABLE, Waiver
from rootstock.core.errors import UsageError, raising_unwritable
from rootstock.core.shape import OtherFormat

FORMAT = 1
PREFIX = "rootstock-"  # the beginning of a set's package name
TESTS = f"{PREFIX}tests"  # the set with the tools that run packages' own tests


@dataclass(frozen=True, kw_only=True)
class Build:
    """One package that is made of a wheel: its Pythons and its dependencies.

    `python` bounds the versions of Python; it is empty in a package for one Python only.
    """

    pythons: tuple[str, ...]
    python: str
    depends: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Texts:
    """A source distribution with license texts that a wheel lacks: `files` in its folder.

    `version` is the release of the same project that it belongs to.
    """

    version: str
    file: str
    sha256: str
    files: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class LockEntry:
    """A wheel or a source distribution (see the name of `file`), and its packages.

    `name` and `version` are conda's, `project` is the name in the Python index. It is `pure` when
    one noarch package serves several Pythons. `drop` are shell patterns of files that the package
    does not get. `scripts` is true when there are, or may be, programs beside the entry points.
    `released` is the day on which the file was uploaded. `waive` are the reasons why it may break
    rules of the audit. `check_env` are variables without which no machine can import its modules.
    """

    name: str
    version: str
    project: str
    file: str
    sha256: str
    size: int
    released: str
    pure: bool
    builds: tuple[Build, ...]
    entry_points: tuple[str, ...]
    scripts: bool
    drop: tuple[str, ...]
    license: str
    license_files: tuple[str, ...]
    summary: str
    homepage: str
    license_source: Texts | None = None
    waive: tuple[Waiver, ...] = ()
    check_env: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_source(self) -> bool:
        """Whether it is made of a source distribution."""
        return not self.file.endswith(".whl")


@dataclass(frozen=True, kw_only=True)
class Member:
    """A set of packages for one Python: each by its conda name, with its version.

    `verified` is true when it was ever built and tested.
    """

    python: str
    packages: Mapping[str, str]
    verified: bool = False


@dataclass(frozen=True, kw_only=True)
class LockedSet:
    """A set: a package that depends on exactly these versions."""

    name: str
    summary: str
    version: str
    members: tuple[Member, ...]


@dataclass(frozen=True, kw_only=True)
class Lock:
    """All wheels, the sets, and further names of packages (`also`)."""

    wheels: tuple[LockEntry, ...]
    sets: tuple[LockedSet, ...]
    also: Mapping[str, tuple[str, ...]]


def pins(lock: Lock) -> dict[tuple[str, str], Mapping[str, str]]:
    """Return the version of each package, by the set's package name and the Python."""
    return {
        (one.name, member.python): member.packages for one in lock.sets for member in one.members
    }


def together(sets: Sequence[LockedSet], python: str) -> list[list[str]]:
    """Group the sets that can share one environment of a Python, by their package names.

    Each set joins the first group in which no package has another version. There is always a first
    group; it is empty where no set is for that Python.
    """
    groups: list[tuple[list[str], dict[str, str]]] = [([], {})]
    for one in sets:
        for own in (member.packages for member in one.members if member.python == python):
            fitting = (
                group
                for group in groups
                if all(group[1].get(name, version) == version for name, version in own.items())
            )
            group = next(fitting, None)
            if group is None:
                groups.append(group := ([], {}))
            group[0].append(one.name)
            group[1].update(own)
    return [found for found, _ in groups]


EMPTY = Lock(wheels=(), sets=(), also={})


def load(path: Path) -> Lock:
    """Read the lock; without a file it is empty.

    Raises `UsageError` when it cannot be read.
    """
    try:
        status = path.stat()
    except OSError:  # the code that reads it reports why
        return _load(path, ())
    return _load(path, (status.st_ino, status.st_mtime_ns, status.st_size))


@lru_cache(maxsize=1)  # planning asks for it three times
def _load(path: Path, seal: tuple[int, ...]) -> Lock:
    try:
        value = shape.document(regular.read(path))
        shape.require_format(value, FORMAT)
        known = _LOCK(value)
    except FileNotFoundError:
        return EMPTY
    except OtherFormat as error:
        raise UsageError(f"{path} {error}", error.remedy) from error
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{path} cannot be read: {error}", "Write it again: rootstock stack lock"
        ) from error
    del known["format"]
    return Lock(**known)


def text(lock: Lock) -> str:
    """Format the lock as in its file."""
    value = {"format": FORMAT, **asdict(lock)}
    for entry in value["wheels"]:
        for name in _SELDOM:
            if not entry[name]:
                del entry[name]
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def write(lock: Lock, path: Path, before: Mapping[Path, str] = MappingProxyType({})) -> None:
    """Write the lock, and other files `before` it; each is always complete, old or new.

    After an error all are the old ones. A killed process may leave the files new and the lock old:
    then the next `stack lock` goes on. It never leaves a new lock with old files.

    Raises `UsageError` where they cannot be written, and `NoSpace`.
    """
    ready: list[tuple[Path, Path, Path | None]] = []  # the new file, the old one, a copy of that
    with raising_unwritable(path.parent), ExitStack() as undo:
        for file, content in {**before, path: text(lock)}.items():
            new, kept = (file.with_name(f".{file.name}.{end}") for end in ("part", "old"))
            for one in (new, kept):
                undo.callback(one.unlink, missing_ok=True)
            new.write_text(content)
            there = file.exists()
            if there:
                shutil.copy2(file, kept)  # now, because the disk may be full later
            ready.append((new, file, kept if there else None))
        try:
            for new, file, _ in ready:
                os.replace(new, file)
        except BaseException:
            for _, file, old in ready:
                if old:
                    os.replace(old, file)
                else:
                    file.unlink(missing_ok=True)
            raise


def _python(value: object) -> str:
    found = names.line(value)
    if not all(part.isdigit() for part in found.split(".")) or found.count(".") != 1:
        raise ValueError(f"{names.quoted(value)} is not a Python version such as 3.11")
    return found


_lines = shape.items(names.line)
_build = shape.made(
    Build, shape.fields(pythons=shape.items(_python), python=names.line, depends=_lines)
)
_texts = shape.made(
    Texts,
    shape.fields(version=names.version, file=names.file_name, sha256=names.sha256, files=_lines),
)
_waiver = shape.made(
    Waiver,
    shape.fields(rule=shape.one_of(*WAIVABLE), file=names.line, why=names.line),
)
# Fields of a few packages only; the entries of the others leave them out.
_SELDOM: Mapping[str, shape.Check[Any]] = {
    "license_source": _texts,
    "waive": shape.items(_waiver),
    "check_env": shape.mapping(names.variable, names.line),
}
_entry = shape.made(
    LockEntry,
    shape.fields(
        _SELDOM,
        name=names.package_name,
        version=names.version,
        project=names.line,
        file=names.file_name,
        sha256=names.sha256,
        size=shape.count,
        released=names.line,
        pure=shape.yes_or_no,
        builds=shape.items(_build),
        entry_points=_lines,
        scripts=shape.yes_or_no,
        drop=_lines,
        license=names.line,
        license_files=_lines,
        summary=names.line,
        homepage=names.line,
    ),
)
_member = shape.made(
    Member,
    shape.fields(
        python=_python,
        packages=shape.mapping(names.package_name, names.version),
        verified=shape.yes_or_no,
    ),
)
_set = shape.made(
    LockedSet,
    shape.fields(
        name=names.package_name,
        summary=names.line,
        version=names.version,
        members=shape.items(_member),
    ),
)
_LOCK = shape.fields(
    format=shape.count,
    wheels=shape.items(_entry),
    sets=shape.items(_set),
    also=shape.mapping(names.package_name, shape.items(names.package_name)),
)
