"""Runs root's sandboxes as a user of the machine who owns nothing.

A user namespace alone does not protect the machine from root: to the kernel, its user is still
root, and root may write the kernel's settings. So where the caller is root, a sandbox starts in two
steps. As root, it makes its own mount namespace, with everything that the sandbox may see mounted
below one folder that everybody may enter. So the caller's own folders need not be open to others.
Then it drops root for good, and the rest works as for any user.
"""

import os
import shlex
import stat
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from rootstock.image.engines import Sandbox

# An unused number by the table of systemd (its document UIDS-GIDS): 1879048192 and higher are
# unused, and no distribution assigns them.
_OUTSIDER = 1_900_000_000
# Folders that every Linux system has (Filesystem Hierarchy Standard). The first one without
# anything that the sandbox needs is used, and covered for the sandbox's own processes only.
_YARDS = ("/mnt", "/media", "/srv", "/opt", "/home", "/var/tmp", "/tmp")


def outsider() -> int | None:
    """Return the user and group number for root's sandboxes.

    None when the caller is not root, and when the caller's user namespace has no other user. In
    that case, the machine usually sees that root as another user.
    """
    if os.getuid():
        return None
    maps = [_ranges(Path(f"/proc/self/{kind}_map").read_text()) for kind in ("uid", "gid")]
    chosen = min(_OUTSIDER, *(ranges[-1][-1] for ranges in maps))
    known = all(any(chosen in numbers for numbers in ranges) for ranges in maps)
    return chosen if known and chosen else None


def drop(places: Sequence[Path]) -> tuple[list[str], list[Path]]:
    """Return how to run a command as another user, if the caller is root.

    Returns the beginning of an argument list, to which the command is added; and for each of
    `places`, which are folders and files, its path for this command.
    """
    user = outsider()
    if user is None:
        return [], list(places)
    yard = _yard([*map(os.path.realpath, places), *os.get_exec_path()])
    lines = [f"mount -t tmpfs -o mode=0755,size=1m,nosuid,nodev tmpfs {yard}"]
    doors = []
    for number, place in enumerate(places):
        door = yard / str(number)
        doors.append(door)
        lines.append(f": >{door}" if place.is_file() else f"mkdir {door}")
        lines.append(f"mount --bind {shlex.quote(str(place))} {door}")
    lines.append("cd /")  # the other user may be unable to enter the caller's folder
    words = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--no-new-privs"]
    # Changing the user clears the parent death signal, unless setpriv keeps it.
    words += ["--inh-caps=-all", "--pdeathsig=keep"]
    lines.append(f'exec {shlex.join(words)} "$@"')
    return ["unshare", "--mount", "--", "/bin/sh", "-euc", "\n".join(lines), "outsider"], doors


def dropped(sandbox: Sandbox) -> tuple[list[str], Sandbox]:
    """Return the beginning of an argument list, as `drop` does, and the sandbox with new paths."""
    words, doors = drop([sandbox.root, *(mount.source for mount in sandbox.mounts)])
    mounts = zip(sandbox.mounts, doors[1:], strict=True)
    moved = tuple(replace(mount, source=door) for mount, door in mounts)
    return words, replace(sandbox, root=doors[0], mounts=moved)


def admit(folder: Path, *, write: bool = False) -> None:
    """Let a sandbox's user into a folder of the caller, whatever umask made it.

    It makes folders accessible, with `write` also writable, and files readable. What belongs to
    others stays unchanged.
    """
    for place, _, files in os.walk(folder):
        _allow(place, 0o777 if write else 0o555)
        for file in files:
            _allow(os.path.join(place, file), 0o444)


def _allow(path: str, mode: int) -> None:
    status = os.lstat(path)
    if not stat.S_ISLNK(status.st_mode) and status.st_mode & mode != mode:
        with suppress(PermissionError):
            os.chmod(path, stat.S_IMODE(status.st_mode) | mode)


def _ranges(text: str) -> list[range]:
    """Return the numbers in a map of a user namespace (user_namespaces(7)), in order."""
    rows = [[int(word) for word in line.split()] for line in text.splitlines()]
    return sorted((range(first, first + count) for first, _, count in rows), key=lambda r: r[0])


def _yard(needed: Sequence[str]) -> Path:
    for yard in map(Path, _YARDS):
        clear = not any(Path(path).is_relative_to(yard) for path in needed)
        if clear and yard.is_dir() and not yard.is_symlink():
            return yard
    return Path(_YARDS[0])  # then the mounts fail and name the missing folder
