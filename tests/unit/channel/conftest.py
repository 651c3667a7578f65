"""What the tests of channels share: what readers see of one, and writers that die."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from rootstock.channel import index
from rootstock.channel.release_model import Release

CALLS = ("link", "rename", "symlink", "mkdir", "fchmod", "utime")


class Crash(BaseException):
    """The process is gone."""


def visible(channel: Path) -> set[str]:
    """What readers see; every file of it has to be there and whole."""
    names: set[str] = set()
    for subdir in ("noarch", "linux-64"):
        for name, entry in index.read(channel / subdir).items():
            assert (channel / subdir / name).stat().st_size == entry["size"]
            names.add(name)
    return names


def snapshot(channel: Path) -> dict[str, bytes | str]:
    """Every file and link of a channel but its lock."""
    return {
        str(path.relative_to(channel)): str(path.readlink())
        if path.is_symlink()
        else path.read_bytes()
        for path in sorted(channel.rglob("*"))
        if (path.is_symlink() or path.is_file()) and path.name != "lock"
    }


@contextmanager
def crash_at(number: int) -> Iterator[list[int]]:
    """Raise at the given call to the system, and at every later one: nothing cleans up."""
    count = [0]

    def counted(real: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            count[0] += 1
            if count[0] >= number:
                raise Crash
            return real(*args, **kwargs)

        return call

    with pytest.MonkeyPatch.context() as patch:
        for name in CALLS:
            patch.setattr(os, name, counted(getattr(os, name)))
        # Dead processes clean nothing.
        patch.setattr("rootstock.channel.writer.recover", lambda *_: None)
        yield count


def note(number: int, time: str) -> dict[str, str]:
    """The files of a release."""
    record = Release(
        release=number,
        time=time,
        rootstock="0",
        commit="",
        platform="linux-64",
        channel="https://example.org/channel",
        cells={},
        packages={},
        files={},
    )
    return {"attestations/one.json": "{}", "release.json": record.text()}


def listed(channel: Path) -> list[dict[str, Any]]:
    """The releases that readers see."""
    releases: list[dict[str, Any]] = json.loads((channel / "releases.json").read_text())["releases"]
    return releases


def age(channel: Path) -> None:
    """Make a channel as it was before indexes had run_exports.json and indexed_timestamp."""
    for name in (index.RUN_EXPORTS, index.RUN_EXPORTS_PACKED):
        for path in (
            *channel.glob(f".rootstock/generations/*/*/{name}"),
            *channel.glob(f"*/{name}"),
        ):
            path.unlink()
    for table in sorted(channel.glob(f".rootstock/generations/*/*/{index.TABLE}")):
        records = index.read(table.parent)
        for record in records.values():
            record.pop("indexed_timestamp", None)  # it may be a link of one that was done
        place = channel / table.parent.name / index.SHARDS
        for path in index.write(table.parent, records, place):
            if path.name in (index.RUN_EXPORTS, index.RUN_EXPORTS_PACKED):
                path.unlink()
