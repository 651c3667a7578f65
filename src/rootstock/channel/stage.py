"""Staging: makes a private channel with one set of packages, for a build or for smoke tests."""

import os
import shutil
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from rootstock.building.artifact import Artifact
from rootstock.channel import index
from rootstock.channel.layout import NOARCH
from rootstock.core.errors import RefusedError, raising_no_space


def stage(artifacts: Sequence[Artifact], folder: Path) -> Path:
    """Make a channel of exactly these packages in `folder`, and return it.

    The files are hard links where the file system allows it. Raises `FileExistsError` when `folder`
    holds a channel already, `RefusedError` when two of the packages have the same file name but
    other bytes, and `MachineError` when there is no space left.
    """
    sets = by_subdir(artifacts)
    for subdir, members in sets.items():
        place = folder / subdir
        place.mkdir(parents=True)
        (place / index.SHARDS).mkdir()
        records = {}
        for artifact in members:
            link(artifact.path, place / artifact.filename)
            records[artifact.filename] = index.record(
                artifact.path, sha256=artifact.sha256, size=artifact.size
            )
        index.write(place, records, place / index.SHARDS)
    return folder


def by_subdir(artifacts: Iterable[Artifact]) -> dict[str, list[Artifact]]:
    """Group the artifacts by subdir, each file once; `noarch` always exists.

    Raises `RefusedError` for two of the same file name with other bytes.
    """
    seen: dict[str, Artifact] = {}
    for artifact in artifacts:
        other = seen.setdefault(artifact.filename, artifact)
        if other.sha256 != artifact.sha256:
            raise RefusedError(f"Two different packages have the name {artifact.filename}")
    sets: dict[str, list[Artifact]] = defaultdict(list, {NOARCH: []})
    for artifact in seen.values():
        sets[artifact.subdir].append(artifact)
    return dict(sets)


def link(source: Path, target: Path) -> None:
    """Put a file at `target`, complete or not at all, readable by everyone.

    It is a hard link, or else a copy. A link is always copied from its target, whose mode does not
    change. Raises `FileExistsError` when `target` exists, `MachineError` when there is no space.
    """
    try:
        if not source.is_symlink():
            os.link(source, target)
            target.chmod(0o644)
            return
        if os.path.lexists(target):
            raise FileExistsError(target)
    except FileExistsError:
        raise
    except OSError:  # another file system, another owner, too many links
        target.unlink(missing_ok=True)
    part = partial(target)
    try:
        with raising_no_space(target.parent):
            shutil.copyfile(source, part)
            part.chmod(0o644)
            os.rename(part, target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def partial(target: Path) -> Path:
    """The path of a file during a copy to `target`."""
    return target.with_name(f".{target.name}.part")
