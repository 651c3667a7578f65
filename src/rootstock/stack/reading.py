"""Reads the files of a resolution, each only once while the modules that read are the same.

A wheel is large, and what a lock needs of it is small. So the store keeps that, by the sha256 of
the file, and a later resolution needs only the files that are new.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import packaging
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from rootstock.core import elf, result_cache
from rootstock.core.progress import Listener
from rootstock.core.store import Store
from rootstock.sources import fetch
from rootstock.sources.source import Source, path_in
from rootstock.stack import licenses, sdist, wheel
from rootstock.stack.resolve import Resolved
from rootstock.stack.wanted import Wanted
from rootstock.stack.wheel import Wheel

STAGE = "stack"
# The modules that read, and this one, which writes down what they found.
DECIDING = (Path(__file__), *(Path(str(one.__file__)) for one in (wheel, sdist, licenses, elf)))
_TEXTS = ("entry_points", "license_files", "libraries", "files")


def source_of(file: Resolved) -> Source:
    """The source of a wheel or a source distribution."""
    url = f"pkg:pypi/{file.project}@{file.version}#{file.file}"
    return Source(urls=(url,), sha256=file.sha256, filename=file.file)


def read(
    files: Iterable[Resolved], wanted: Wanted, store: Store, listen: Listener
) -> dict[str, Wheel]:
    """Return the metadata of each file, by sha256.

    Fetches those that were never read and that the store lacks. Raises `SourceError` where a file
    cannot be fetched or read, and `UsageError` where a source distribution is built by other tools
    than rootstock has.
    """
    program = result_cache.program(*DECIDING)
    found: dict[str, Wheel] = {}
    new: list[tuple[Resolved, Path]] = []
    for file in sorted(files, key=lambda one: one.project):
        drop = wanted.of(file.project).drop
        parts = (program, packaging.__version__, file.sha256, file.file, *drop)
        place = store.result("wheels", result_cache.digest(*parts))
        if known := result_cache.read(place, STAGE, listen):
            found[file.sha256] = _from_json(known)
        else:
            new.append((file, place))
    sources = [source_of(file) for file, _ in new]
    fetch.fetch(sources, {}, store, listen)
    for (file, place), source in zip(new, sources, strict=True):
        path = path_in(store, source)
        drop = wanted.of(file.project).drop
        one = sdist.read(path) if sdist.is_sdist(file.file) else wheel.read(path, drop)
        found[file.sha256] = one
        result_cache.write(place, _as_json(one), store)
    return found


def _as_json(one: Wheel) -> dict[str, Any]:
    requires = [str(requirement) for requirement in one.requires]
    return {**vars(one), "requires": requires, "requires_python": str(one.requires_python)}


def _from_json(value: Mapping[str, Any]) -> Wheel:
    return Wheel(
        **{
            **value,
            **{name: tuple(value[name]) for name in _TEXTS},
            "requires": tuple(map(Requirement, value["requires"])),
            "requires_python": SpecifierSet(value["requires_python"]),
        }
    )
