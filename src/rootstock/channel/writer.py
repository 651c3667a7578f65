"""The one writer of a channel: it prepares a change out of sight, then one rename shows it.

It first writes packages, shards and the files of the release, which nothing names yet, then the new
indexes beside the old. The rename of the link `current` switches the indexes of all subdirs, the
list of releases and the page. A reader of the old index still finds everything it names, and a web
server only has to follow relative links.

For a reader this means: each file is complete and belongs to one generation, and all that it names
stays forever. Two generations may answer two requests, as with any web server. A client that
fetches the index of noarch before the switch and that of linux-64 after it sees an older noarch. It
may then find no solution, or an older one. It never gets other bytes than an index has the hash of.
A reader who needs one generation reads `.rootstock/current` once and then the indexes in that
folder.

A cache asks a server whether a file changed by its time, in seconds, and maybe its size. So with
each switch an index gets a later second than the one it replaces, even if an older index returns.
If two switches happen within one second, its time is slightly in the future. An unchanged index
keeps its time.
"""

import os
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

from rootstock.building.artifact import Artifact
from rootstock.channel import consistency, files, generation, index, new_index, write_lock
from rootstock.channel.generation import Generation, History, Kind, Published
from rootstock.channel.layout import PAGE, RELEASES_TABLE, Layout, current_target, link_target
from rootstock.channel.reader import Channel
from rootstock.channel.recovery import recover
from rootstock.channel.stage import link, partial
from rootstock.core.errors import Damaged, MachineError, RefusedError, raising_unwritable


@contextmanager
def write(
    channel: Channel,
    *,
    create: bool = False,
    wait: float = 0.0,
    waiting: Callable[[str], None] | None = None,
) -> "Iterator[Change]":
    """Become the channel's only writer; yields a change, which nobody sees before its commit.

    With `create` it makes an empty channel where there is none. It removes the remains of a dead
    writer before, and its own when it fails. With `wait`, another writer gets that many seconds to
    finish, and `waiting` is called with its name.

    Raises `RefusedError` when another process is writing, the channel is damaged, or rootstock did
    not make it, and what `raising_failures` does.
    """
    layout = channel.layout
    if create:
        make(layout)
    with (
        raising_failures(layout),
        write_lock.writer(layout.lock, wait=wait, notify=waiting or write_lock.ignore),
    ):
        recover(channel)
        try:
            yield Change(channel=channel, past=channel.history())
        except BaseException:
            recover(channel)
            raise


@contextmanager
def raising_failures(layout: Layout) -> Iterator[None]:
    """Raise `UsageError` where a channel cannot be written, and `NoSpace` where its disk is full.

    Raises `MachineError` where the disk, or something else of the machine, fails.
    """
    try:
        with raising_unwritable(layout.root):
            yield
    except OSError as error:
        raise MachineError(f"{layout} cannot be written: {error}", "Check the disk.") from error


def make(layout: Layout) -> None:
    """Make an empty channel where there is none.

    Raises `RefusedError` when there is one from others, and what `raising_failures` does.
    """
    with raising_failures(layout):
        if not layout.meta.exists() and any(layout.root.glob(f"*/{index.TABLE}")):
            raise RefusedError(
                f"{layout} is a channel that rootstock did not make", "Choose another folder."
            )
    with raising_failures(layout):
        for folder in (layout.root, layout.meta, layout.generations):
            files.make(folder, layout.root)
        # From the first moment on, so that a missing link means damage, not a new channel.
        if not any(layout.generations.iterdir()):
            with suppress(FileExistsError):
                os.symlink(current_target(0), layout.current)


def now() -> str:
    """The present time, in the format of generations."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def switch(layout: Layout, number: int) -> None:
    """Let readers see the generation of that number: the one rename that changes a channel."""
    following = layout.current.with_name("current.new")
    following.unlink(missing_ok=True)
    os.symlink(current_target(number), following)
    os.rename(following, layout.current)


@dataclass(frozen=True, kw_only=True)
class Committed:
    """The result of a commit: the generation that readers see now, and the repaired indexes.

    A damaged index is made again from the packages; `mended` has its path.
    """

    generation: Generation
    mended: tuple[str, ...] = ()


@dataclass(kw_only=True)
class Change:
    """A change of a channel, which readers do not see before `commit`.

    `past` is the channel's history without it. A change does one of three things: it adds packages
    (and maybe a release), hides some, or returns to a generation.
    """

    channel: Channel
    past: History
    time: str = field(default_factory=lambda: now())
    kind: Kind | None = None
    base: int = 0
    cells: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    _added: Sequence[Artifact] = ()
    _hidden: tuple[str, ...] = ()
    _release: Mapping[str, str] = field(default_factory=dict)
    _records: dict[str, index.Record] = field(default_factory=dict)

    @property
    def number(self) -> int:
        """The number of the generation that it makes."""
        return self.past.current.number + 1

    @property
    def layout(self) -> Layout:
        """The paths of the channel."""
        return self.channel.layout

    def add(
        self, artifacts: Sequence[Artifact], cells: Mapping[str, tuple[str, ...]] | None = None
    ) -> None:
        """Show further packages to readers, and add those that were never published.

        `cells` are the file names of each cell of a release, whose files `attach` takes.
        """
        self.kind, self.base, self._added = "promotion", self.past.current.number, artifacts
        self.cells = cells or {}

    def hide(self, filenames: Collection[str]) -> None:
        """Remove packages from the index; their files stay."""
        self.kind, self.base = "hiding", self.past.current.number
        self._hidden = tuple(sorted(filenames))

    def go_back(self, number: int) -> None:
        """Show what the generation of that number showed."""
        self.kind, self.base = "rollback", number

    def attach(self, files: Mapping[str, str]) -> None:
        """Add a release of these files, by their paths in its folder."""
        self._release = files

    def record(self, artifact: Artifact) -> index.Record:
        """Return the index record of a package; each change reads every byte of it once.

        Raises `Damaged` when the package has changed.
        """
        if artifact.filename not in self._records:
            try:
                found = consistency.read(artifact.path, artifact.sha256, artifact.size)
            except ValueError as error:
                raise Damaged(artifact.path.parent, str(error)) from error
            self._records[artifact.filename] = found
        return self._records[artifact.filename]

    @property
    def generation(self) -> Generation:
        """The generation that it makes."""
        fresh = {
            a.filename: Published(
                subdir=a.subdir, sha256=a.sha256, size=a.size, key=a.key, generation=self.number
            )
            for a in self._added
            if a.filename not in self.past.published
        }
        assert self.kind, "the change has no content"
        return Generation(
            number=self.number,
            time=self.time,
            kind=self.kind,
            base=self.base,
            packages=fresh,
            shown=tuple(sorted({a.filename for a in self._added} - fresh.keys())),
            hidden=self._hidden,
            cells=self.cells,
        )

    def commit(self) -> Committed:
        """Write everything, then let readers see it.

        Raises `RefusedError` when an index is damaged and so are the packages from which it would
        be made again, and `Damaged` as `record` does.
        """
        new = self.generation
        after = History((*self.past.generations, new))
        layout, folder = self.layout, self.layout.generation(self.number)
        changes = self._changes()
        files.make(folder, layout.root)
        # Before any file is added: the next writer needs it to clean up.
        record = files.write_json(layout.record(self.number), generation.as_json(new))
        written = [record, folder, folder.parent, layout.root]
        written += self._write_release()
        made, mended = new_index.write(layout, self.past, new, changes)
        written += made
        releases = after.releases(new.number, after.visible())
        table = generation.releases_table(releases)
        written.append(files.write_json(folder / RELEASES_TABLE, table))
        files.link(layout.root / RELEASES_TABLE, link_target(RELEASES_TABLE))
        written += self._place()
        if self.kind == "rollback":
            pages = _same_pages(layout, new)
        else:
            pages = [_write_page(self.channel, after)]
        written += _date(folder, layout.current, pages)
        for path in dict.fromkeys(written):
            files.sync(path)
        switch(layout, self.number)
        files.sync(layout.meta)
        return Committed(generation=new, mended=mended)

    def _changes(self) -> new_index.Changes:
        """Return the index records that differ from the base's, by subdir; None if removed."""
        changes: dict[str, dict[str, index.Record | None]] = defaultdict(dict)
        for artifact in self._added:
            changes[artifact.subdir][artifact.filename] = self.record(artifact)
        for name in self._hidden:
            changes[self.past.published[name].subdir][name] = None
        return changes

    def _place(self) -> list[Path]:
        """Add the packages that were never published; return their paths."""
        fresh = [a for a in self._added if a.filename not in self.past.published]
        places = [self.layout.package(a.subdir, a.filename) for a in fresh]
        for artifact, place in zip(fresh, places, strict=True):
            link(artifact.path, place)
        return places

    def _write_release(self) -> list[Path]:
        """Write the files of the release; its folder gets its name when it is complete."""
        if not self._release:
            return []
        root, folder = self.layout.root, self.layout.release(self.number)
        files.make(folder.parent, root)
        part = partial(folder)
        files.make(part, root)
        for name, text in self._release.items():
            (part / name).parent.mkdir(exist_ok=True)
            (part / name).write_text(text)
        every = list(part.rglob("*"))
        for path in every:
            path.chmod(files.FOLDER | files.shared(root) if path.is_dir() else files.FILE)
        os.rename(part, folder)
        return [folder.parent, folder, *(folder / path.relative_to(part) for path in every)]


def rewrite_page(channel: Channel, past: History) -> None:
    """Rewrite the page of the current generation, the last of `past`.

    It gets a later second than anything that readers saw of the channel. The caller is the writer.
    """
    path = _write_page(channel, past)
    # The list of releases gets a new second with every switch.
    last = (channel.layout.root / RELEASES_TABLE).stat().st_mtime
    second = max(int(time.time()), int(last) + 1)
    os.utime(path, (second, second))


def _write_page(channel: Channel, after: History) -> Path:
    """Write the page of the last generation of a history into its folder; return the file.

    Readers see it when that generation is current. A page that rootstock did not write stays.
    """
    from rootstock.channel.page import render  # most commands do not need it

    layout = channel.layout
    path = layout.generation(after.current.number) / PAGE
    render.put(path, render.text(channel, after))
    files.link(layout.root / PAGE, link_target(PAGE))
    return path


def _same_pages(layout: Layout, new: Generation) -> list[Path]:
    """Copy the other files of a base generation, such as its page, for a rollback."""
    base, folder = layout.generation(new.base), layout.generation(new.number)
    names = [path.name for path in base.iterdir() if path.is_file()]
    missing = [name for name in names if not (folder / name).exists()]
    for name in missing:
        files.same(base / name, folder / name)
    return [folder / name for name in missing]


def _date(folder: Path, current: Path, pages: Sequence[Path]) -> list[Path]:
    """Give the new files a later second than those that readers see; return the new files."""
    tables = (path for path in folder.glob("*/*") if path.name in index.FILES)
    every = [*tables, folder / RELEASES_TABLE, *pages]
    replaced = {path: current / path.relative_to(folder) for path in every}
    there = {path: old for path, old in replaced.items() if old.exists()}
    last = max((int(old.stat().st_mtime) for old in there.values()), default=0)
    second = max(int(time.time()), last + 1)
    for path in every:
        if path in there and path.samefile(there[path]):
            continue
        try:
            os.utime(path, (second, second))
        except PermissionError:  # only the owner may
            files.copy(path, path)
            os.utime(path, (second, second))
    return every
