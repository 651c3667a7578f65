"""What `rootstock audit` is asked about: a package file of any origin, or an environment."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from packaging.tags import Tag
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from rootstock.audit import archive, wheel
from rootstock.audit.modes import on_disk
from rootstock.audit.reading import FileRead, read
from rootstock.audit.text import Data
from rootstock.audit.unpacked import (
    UnpackedPackage,
    Version,
    floor_of,
    listing,
    parsed,
    partly_unpacked,
)
from rootstock.core.errors import (
    NoSpace,
    RootstockError,
    SourceError,
    UsageError,
    means_no_space,
)
from rootstock.core.names import listed, plain
from rootstock.core.progress import Listener
from rootstock.sources import http

Kind = Literal["conda", "wheel", "environment"]
_CPYTHON = re.compile(r"cp3(\d+)")
_MANYLINUX = re.compile(r"manylinux_(\d+)_(\d+)_x86_64")
# PEPs 513, 571 and 599: the names of platforms before PEP 600.
_OLD_NAMES = {"manylinux1": "2.5", "manylinux2010": "2.12", "manylinux2014": "2.17"}
_SCHEMES = ("http", "https")
# The largest package here, root-core, has 0.2 GB.
_MOST_FETCHED = 8 << 30  # bytes
_META = "conda-meta"
_INFO = "info/"
_ALONE = re.compile(r"(?:__\w+|python|python_abi)(?:\s|$)")  # virtual packages, and Python


@dataclass(frozen=True, kw_only=True)
class InstalledPackage:
    """A package of an environment: its name, the names of its dependencies, and its files.

    `record` is the path of what conda-meta says of it, and `license` the license that it names.
    """

    name: str
    depends: tuple[str, ...]
    files: tuple[str, ...]
    record: str = ""
    license: str = ""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A package or an environment, as files that can be read.

    `declared` is the minimum glibc that it says it needs, empty when it says nothing. `owners` are,
    for an environment, the packages that have each file, and `members` those packages. `modes` are
    those of its files (see `modes.findings`). `reads` are what was read of a package's files, of
    which only those are on disk that a rule reads again. `alone` is true for a package that depends
    on no other than Python. `stable_abi` is the oldest Python whose stable ABI a wheel promises to
    keep to.
    """

    name: str
    kind: Kind
    package: UnpackedPackage
    declared: Version
    owners: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    members: tuple[InstalledPackage, ...] = ()
    modes: Mapping[str, int] = field(default_factory=dict)
    reads: Mapping[str, FileRead] = field(default_factory=dict)
    alone: bool = False
    stable_abi: Version = ()


def fetched(target: str, scratch: Path, listen: Listener) -> Path:
    """Return the file of a package, or the folder of an environment; fetch a URL into `scratch`.

    Raises `UsageError` for anything else, and `SourceError` for a URL that does not answer or has
    more than `_MOST_FETCHED` bytes.
    """
    url = urlsplit(target)
    if url.scheme in _SCHEMES:
        name = unquote(Path(url.path).name)
        _require_suffix(target, name)
        try:
            return http.download(target, scratch / name, listen, most=_MOST_FETCHED)
        except SourceError as error:
            raise SourceError(f"{target} cannot be fetched: {error.message}") from error
    path = Path(target)
    if not path.is_dir():
        if not path.is_file():
            raise UsageError(f"{target} does not exist", "Name a package file, a URL or a folder.")
        _require_suffix(target, path.name)
    return path


def opened(path: Path, target: str, scratch: Path, most: float | None = None) -> Subject:
    """Open what `fetched` returned for `target`; a package is unpacked into `scratch`.

    Raises `UsageError` for a folder that is no environment, and for an archive that is damaged, not
    allowed, or unpacks to more than `most` bytes (`archive.most_of` without a number).
    """
    return _environment(path) if path.is_dir() else _package(path, target, scratch, most)


def _require_suffix(target: str, name: str) -> None:
    if not archive.suffix_of(name):
        raise UsageError(
            f"{target} is not named as a package", f"Suffixes: {listed(archive.SUFFIXES)}."
        )


def _package(path: Path, target: str, scratch: Path, most: float | None) -> Subject:
    root = scratch / "unpacked"
    of_wheel = archive.suffix_of(path.name) == archive.WHEEL
    reads: dict[str, FileRead] = {}

    def keep(name: str, data: Data) -> bool:
        if not of_wheel and name.startswith(_INFO):
            return True
        reads[name] = read(data)
        return reads[name].suspect or (of_wheel and wheel.is_metadata(name))

    try:
        made = archive.unpack(path, root, keep, archive.most_of(path) if most is None else most)
    except RootstockError:  # an interruption, or a limit of time
        raise
    except archive.TooLargeError as error:
        raise UsageError(
            f"{target} is not unpacked: {error}",
            f"Its file has {path.stat().st_size:,} bytes. If you expect so much, raise the limit "
            "with --size-limit. Else do not install it.",
        ) from error
    except Exception as error:  # a damaged archive can make its readers raise anything
        if means_no_space(str(error)):
            raise NoSpace(scratch) from error
        reason = plain(str(error) or type(error).__name__)
        raise UsageError(
            f"{target} cannot be unpacked: {reason}",
            "Fetch it again. If the error stays, do not install it.",
        ) from error
    links = {name: to for name, to in made.links.items() if not name.startswith(_INFO)}
    package = partly_unpacked(root, sorted(reads), links)
    if of_wheel:
        tags = _tags(path.name)
        return Subject(
            name=target,
            kind="wheel",
            package=package,
            declared=min(filter(None, (_of_platform(tag.platform) for tag in tags)), default=()),
            modes=made.modes,
            reads=reads,
            alone=wheel.is_alone(package),
            stable_abi=min(filter(None, map(_stable_abi, tags)), default=()),
        )
    return Subject(
        name=target,
        kind="conda",
        package=package,
        declared=package.floor,
        modes=made.modes,
        reads=reads,
        alone=all(map(_ALONE.match, package.metadata("index.json").get("depends", []))),
    )


def _tags(filename: str) -> frozenset[Tag]:
    """Return the tags in a wheel's name."""
    try:
        _, _, _, tags = parse_wheel_filename(filename)
    except InvalidWheelFilename as error:
        raise UsageError(
            f"{filename} is not named as a wheel: {error}",
            "Give it the name that its project gave it.",
        ) from error
    return tags


def _stable_abi(tag: Tag) -> Version:
    """Return the Python whose stable ABI a tag promises, by PEP 425; empty without the tag abi3."""
    named = _CPYTHON.fullmatch(tag.interpreter) if tag.abi == "abi3" else None
    return (3, int(named[1])) if named else ()


def _of_platform(platform: str) -> Version:
    """Return the glibc of a platform.

    >>> _of_platform("manylinux_2_28_x86_64"), _of_platform("manylinux2014_x86_64")
    ((2, 28), (2, 17))
    >>> _of_platform("linux_x86_64"), _of_platform("any")
    ((), ())
    """
    if named := _MANYLINUX.fullmatch(platform):
        return int(named[1]), int(named[2])
    return parsed(_OLD_NAMES.get(platform.removesuffix("_x86_64"), ""))


def _environment(prefix: Path) -> Subject:
    records = list(_records(prefix))
    if not records:
        raise UsageError(f"{prefix} is not an environment", f"An environment has a folder {_META}.")
    owners: dict[str, tuple[str, ...]] = {}
    for record in records:
        for file in record["files"]:
            owners[file] = (*owners.get(file, ()), record["fn"])
    package = listing(prefix, metadata=_META)
    floors = [floor_of(record["depends"]) for record in records]
    return Subject(
        name=str(prefix),
        kind="environment",
        package=package,
        declared=max(floors, default=()),
        owners=owners,
        modes=on_disk(prefix),
        members=tuple(map(_member, records)),
    )


def _member(record: Mapping[str, Any]) -> InstalledPackage:
    name = record.get("name")
    return InstalledPackage(
        name=name if isinstance(name, str) else str(record["fn"]).rsplit("-", 2)[0],
        depends=names_of(record["depends"]),
        files=tuple(record["files"]),
        record=record["path"],
        license=license_ if isinstance(license_ := record.get("license"), str) else "",
    )


def names_of(specs: Iterable[str]) -> tuple[str, ...]:
    """Return the names of packages in match specs (CEP 29).

    >>> names_of(["python >=3.11,<3.12.0a0", "conda-forge::numpy=2.4", "__glibc >=2.17"])
    ('python', 'numpy', '__glibc')
    """
    return tuple(
        re.split(r"[\s=<>!~\[]", spec.rpartition("::")[2], maxsplit=1)[0] for spec in specs
    )


def _records(prefix: Path) -> Iterator[Mapping[str, Any]]:
    """Yield the records of what is installed, each with `path`, `fn`, `files` and `depends`."""
    for path in sorted((prefix / _META).glob("*.json")):
        try:
            record = json.loads(path.read_text())
            names = {"fn": path.stem, "depends": [], "files": [], **record}
            good = all(isinstance(names[key], list) for key in ("files", "depends"))
        except (OSError, ValueError, TypeError) as error:
            raise UsageError(f"{path} cannot be read: {error}") from error
        if not good or not all(isinstance(t, str) for t in (*names["files"], *names["depends"])):
            raise UsageError(f"{path}: files and depends are not lists of texts")
        yield {**names, "path": f"{_META}/{path.name}"}
