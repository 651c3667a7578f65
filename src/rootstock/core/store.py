"""The store: the only module that knows where files are between runs.

```
$ROOTSTOCK_HOME (default: the user's cache folder)/
  sources/<sha256>/<file name>      verified source files
  images/<digest>/                  root file systems, sealed
  artifacts/<key>-<number>/         a package and its record, by its build key and build number
  proofs/<what>/<digest>.json       results of audits, smoke tests and reading wheels, by all
                                    they depend on
  failures/<key>/                   a build that failed, under its key: its record and its log
  durations/<host>.json             what each package took to build, the last time, by machine
  durations/<host>.suites.json      what the packages' own tests took
  packages/                         unpacked packages, sealed: environments are linked from them
  unpacked/<sha256>/                packages as the audit reads them, sealed
  registry/                         what the registries' clients keep (indexes)
  publications/<digest>/            what was read back from a target of publishing, and its lock
  tools/<digest>/env/               client programs with all they need, sealed, by their lock
  runs/<run id>/                    logs and reports
  verified/<time>-<process>/        logs of rebuilt packages, and those that came out otherwise
  tmp/                              everything that is not finished
  discard.lock                      held while something is taken away
```
Every entry appears by one rename from tmp/: it is complete or absent, and several processes can
share a store. Rootstock finds later damage when it uses an entry, removes the entry and makes it
again. It checks sources and artifacts by their hash, folders by their seal (seal.py), results and
other small files by their content.
"""

import fcntl
import os
import re
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from rootstock.core import disk, names, process
from rootstock.core.errors import FULL, MachineError, UsageError

# Part of the names of scratch folders, because machines may share a store.
_HOST = re.sub(r"\W", "", socket.gethostname()) or "here"
_FOLDERS = ("sources", "images", "artifacts", "packages", "registry", "tools", "runs", "tmp")
_ELSEWHERE = "Set ROOTSTOCK_HOME to a folder that can be written."
_LOCK = "discard.lock"
_SWEEPS = 5
_FORGOTTEN = 7 * 24 * 3600.0  # seconds: no task of rootstock takes this long


# The temporary folders of this process.
_in_use: set[Path] = set()


@dataclass(frozen=True)
class Store:
    """The folder of the store, and the paths in it."""

    root: Path

    @property
    def runs(self) -> Path:
        """Logs and reports, one folder per run."""
        return self.root / "runs"

    def verified(self, name: str) -> Path:
        """The folder with the results of verifying packages."""
        return self.root / "verified" / name

    @property
    def packages(self) -> Path:
        """The cache of unpacked packages."""
        return self.root / "packages"

    @property
    def registry(self) -> Path:
        """Where the registries' clients keep their indexes."""
        return self.root / "registry"

    def source(self, sha256: str) -> Path:
        """The folder of a source, by the sha256 of its file."""
        return self.root / "sources" / sha256

    def unpacked(self, sha256: str) -> Path:
        """The folder of an unpacked package, by the sha256 of its file."""
        return self.root / "unpacked" / sha256

    def image(self, digest: str) -> Path:
        """The folder of an image, by its digest."""
        return self.root / "images" / digest

    def publication(self, digest: str) -> Path:
        """The folder with our records of a publishing target."""
        return self.root / "publications" / digest

    def tool(self, digest: str) -> Path:
        """The folder with the environment of a client program."""
        return self.root / "tools" / digest

    def artifact(self, name: str) -> Path:
        """The folder of an artifact, by its name: `<key>-<number>`, key and number of the build."""
        return self.root / "artifacts" / name

    def result(self, what: str, digest: str) -> Path:
        """The file with the result of an audit, a smoke test or of reading a wheel."""
        return self.root / "proofs" / what / f"{digest}.json"

    def failure(self, key: str) -> Path:
        """The folder of a failed build, by its build key."""
        return self.root / "failures" / key

    @property
    def durations(self) -> Path:
        """The file with the build times of packages on this machine."""
        return self.root / "durations" / f"{_HOST}.json"

    @property
    def suites(self) -> Path:
        """The file with the run times of the packages' own tests on this machine."""
        return self.root / "durations" / f"{_HOST}.suites.json"

    def prepare(self) -> None:
        """Make the store's folders.

        The store and tmp/ are on one file system, as renames and hard links need. It removes what
        ended processes of this machine left in tmp/.

        Raises `UsageError` when the store cannot be written.
        """
        try:
            for name in _FOLDERS:
                (self.root / name).mkdir(parents=True, exist_ok=True)
            for name in ("packages", "tmp"):
                disk.spread(self.root / name)
            for folder in (self.root / "tmp").iterdir():
                if _is_orphan(folder):
                    self.discard(folder)  # by a rename: another process may remove it, too
        except OSError as error:
            if error.errno in FULL:
                raise
            raise UsageError(
                f"the store cannot be written: {error.filename or self.root}: {error.strerror}",
                _ELSEWHERE,
            ) from error

    @contextmanager
    def scratch(self, name: str) -> Iterator[Path]:
        """A new folder under tmp/, removed at the end."""
        owner = f"{name}-{_owner(str(os.getpid()))}"
        with temporary(self.root / "tmp" / f"{owner}-{random_name()}") as folder:
            yield folder

    def write(self, path: Path, text: str) -> None:
        """Write a file of the store so that it is complete or absent."""
        with self.scratch("file") as folder:
            part = folder / path.name
            part.write_text(text)
            path.parent.mkdir(parents=True, exist_ok=True)
            part.replace(path)

    def discard(self, place: Path, whole: Callable[[], bool] = lambda: False) -> None:
        """Remove a damaged entry by one rename, so that nobody meets half of it.

        It stays where it is `whole` by now: another process may have made it again meanwhile. A
        lock lets only one process remove entries at a time, so that this answer holds.

        Raises `MachineError` when the entry belongs to another user.
        """
        with self.scratch("damaged") as folder, self._alone(), suppress(FileNotFoundError):
            if whole():
                return
            try:
                place.rename(folder / place.name)
            except PermissionError as error:
                raise MachineError(
                    f"{place} is damaged or unreadable, and belongs to another user",
                    "Ask its owner to remove it, or set ROOTSTOCK_HOME to a folder of your own.",
                ) from error

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the lock of the store; the system releases it when a process is killed."""
        with (self.root / _LOCK).open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _is_orphan(folder: Path) -> bool:
    """Whether the process that made a scratch folder is gone.

    For another machine's or container's process, only the folder's age is known.
    """
    if match := re.fullmatch(f".*-{_owner('([0-9]+)')}-[^-]*", folder.name):
        return not Path(f"/proc/{match[1]}").exists()
    with suppress(FileNotFoundError):
        return time.time() - folder.stat().st_mtime > _FORGOTTEN
    return False


def _owner(process: str) -> str:
    """The part of a scratch folder's name for its owner: machine, process space, process."""
    space = re.sub(r"\W", "", os.readlink("/proc/self/ns/pid"))
    return f"{_HOST}.{space}-{process}"


def locate() -> Store:
    """Return the store of this user: `ROOTSTOCK_HOME`, or a folder in the user's cache folder.

    The cache folder is that of the XDG Base Directory Specification. Raises `UsageError` when the
    variable is not a path.
    """
    own = os.environ.get("ROOTSTOCK_HOME")
    cache = f"{os.environ.get('XDG_CACHE_HOME') or '~/.cache'}/rootstock"
    try:
        return Store(names.user_path(own or cache).resolve())
    except (OSError, RuntimeError, names.NotAllowed) as error:  # e.g. links in a circle
        raise UsageError(f"the store has no valid path: {error}", _ELSEWHERE) from error


def random_name() -> str:
    """A part of a name, so that nobody else takes the same name."""
    return os.urandom(8).hex()


@contextmanager
def temporary(folder: Path) -> Iterator[Path]:
    """Make a folder that is removed at the end, also after an interruption."""
    # First, because an interruption may come as soon as the folder exists: `sweep` removes it.
    _in_use.add(folder)
    try:
        folder.mkdir(mode=0o700)
        yield folder
    finally:
        with suppress(OSError):  # the disk fails; the next run removes the rest
            remove(folder)
        _in_use.discard(folder)


def publish(folder: Path, place: Path) -> None:
    """Rename a finished folder into its place; if another process was first, its folder stays."""
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        folder.rename(place)
    except OSError:
        if not place.is_dir():
            raise
        remove(folder)


def sweep() -> None:
    """Remove the temporary folders of this process's threads, because it is about to end.

    After Ctrl-C nobody waits for a thread that waits for a server.
    """
    for folder in tuple(_in_use):
        for _ in range(_SWEEPS):  # a thread may be writing into it
            with suppress(OSError):
                remove(folder)
            if not folder.exists():
                break


def remove(folder: Path) -> None:
    """Remove a folder, even if folders in it, at any depth, are not writable."""

    def unlock(function: object, path: str, info: object) -> None:
        if not os.path.lexists(path):
            return  # somebody else removed it, or it was never made
        parent = Path(path).parent
        os.chmod(parent, 0o700)
        if os.path.isdir(path) and not os.path.islink(path):
            os.chmod(path, 0o700)
            shutil.rmtree(path, onerror=unlock)
        else:
            os.unlink(path)

    try:
        shutil.rmtree(folder, onerror=unlock)
    except RecursionError:  # Python removes a tree by calling itself; these programs do not
        for words in (["chmod", "-R", "u+rwX"], ["rm", "-rf"]):
            process.run([*words, "--", folder])
