"""Updates a copy of a channel in another folder to one of its generations.

Nothing names the copied files before the switch. They never change, or belong to one generation; so
the next run completes an interrupted copy, and does not remove it.
"""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rootstock.channel import files, index, write_lock
from rootstock.channel.layout import STAGING, Layout, link_target
from rootstock.channel.stage import partial
from rootstock.channel.writer import make, switch
from rootstock.core import regular, store
from rootstock.core.errors import RefusedError, raising_unwritable


@dataclass(frozen=True, kw_only=True)
class Mirror:
    """The copy in `target` of the channel in `source`, as of the generation `number`.

    `releases` are the numbers of the releases that the generation shows.
    """

    source: Layout
    target: Layout
    number: int
    releases: Sequence[int]

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Become the only writer of the copy; make the copy if it does not exist.

        Raises `UsageError` where it cannot be written, `RefusedError` when another process is
        writing, and as `writer.make` does.
        """
        with raising_unwritable(self.target.root):
            make(self.target)
            with write_lock.writer(self.target.lock):
                yield

    @property
    def staging(self) -> Path:
        """The folder of the copy for untested files, which readers do not see."""
        return self.target.meta / STAGING

    def require_copy(self, now: int) -> None:
        """Raise `RefusedError` unless the first `now` generations of both are the same."""
        for number in range(1, now + 1):
            own, other = self.target.record(number), self.source.record(number)
            if not own.is_file():
                raise RefusedError(
                    f"{self.target} is damaged: {own} is missing",
                    "Restore it from a copy, or publish into an empty folder.",
                )
            if regular.read(own) != regular.read(other):
                raise RefusedError(
                    f"{self.target} is not a copy of {self.source}: their generations {number} "
                    "differ",
                    "Publish into an empty folder, or a new one.",
                )

    def commit(self) -> None:
        """Copy the generations, the shards and the releases; then let readers see the last.

        The packages must be there already. The caller is the writer.
        """
        self._copy()
        os.sync()  # so that the switch is never on the disk before it
        switch(self.target, self.number)
        store.remove(self.staging)

    def _copy(self) -> None:
        source, target = self.source, self.target
        for number in range(1, self.number + 1):
            _tree(source.generation(number), target.generation(number), target)
        for number in self.releases:
            _tree(source.release(number), target.release(number), target)
        last = source.generation(self.number)
        for subdir in sorted(path.name for path in last.iterdir() if path.is_dir()):
            shards = target.root / subdir / index.SHARDS
            files.make(shards, target.root)
            for shard in (source.root / subdir / index.SHARDS).iterdir():
                if not (shards / shard.name).exists():
                    _file(shard, shards / shard.name)
            for path in (last / subdir).iterdir():
                name = f"{subdir}/{path.name}"
                files.link(target.root / name, f"../{link_target(name)}")
        for name in tables(source):
            files.link(target.root / name, link_target(name))


def tables(layout: Layout) -> list[str]:
    """Return what a channel shows beside its subdirs: its list of releases, its page."""
    links = (path for path in layout.root.iterdir() if path.is_symlink())
    return sorted(path.name for path in links if str(path.readlink()) == link_target(path.name))


def _file(source: Path, target: Path) -> None:
    """Copy a small file with its time, by which caches notice changes."""
    part = partial(target)
    shutil.copyfile(source, part)
    part.chmod(files.FILE)
    status = source.stat()
    os.utime(part, ns=(status.st_atime_ns, status.st_mtime_ns))
    os.rename(part, target)


def _tree(source: Path, target: Path, channel: Layout) -> None:
    """Copy a folder that never changes; it gets its name when it is complete."""
    if target.exists():
        return
    part = partial(target)
    if part.exists():
        store.remove(part)
    files.make(target.parent, channel.root)
    files.make(part, channel.root)
    for path in sorted(source.rglob("*")):
        place = part / path.relative_to(source)
        if path.is_dir():
            files.make(place, channel.root)
        else:
            _file(path, place)
    os.rename(part, target)
