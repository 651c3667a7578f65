"""Root's sandboxes run as a user of the machine who owns nothing.

A user namespace alone does not guard the machine from root: to the kernel, whoever is in it is
still root, and root may write the kernel's settings. So where the caller is root, a sandbox starts
in two steps. As root, a mount namespace of its own is made, in which all that the sandbox may see
is mounted below one folder that everybody may enter; the caller's own folders need not be open to
others for that. Then root is given up for good, and the rest goes as for any user.
"""

import os
import shlex
import stat
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from rootstock.image.engines import Sandbox

# Nobody's number by the table of systemd (its document UIDS-GIDS): 1879048192 and higher are
# unused, and no distribution hands them out.
_OUTSIDER = 1_900_000_000
# Folders that every Linux system has (Filesystem Hierarchy Standard); the first is used below which
# is nothing that the sandbox needs. It is covered for the sandbox's own processes only.
_YARDS = ("/mnt", "/media", "/srv", "/opt", "/home", "/var/tmp", "/tmp")


def outsider() -> int | None:
    """The user and group number that root's sandboxes run as.

    None when the caller is not root, and when the caller's user namespace has no user but root:
    then nobody else can be become, and that root is another user to the machine, as a rule.
    """
    if os.getuid():
        return None
    maps = [_ranges(Path(f"/proc/self/{kind}_map").read_text()) for kind in ("uid", "gid")]
    chosen = min(_OUTSIDER, *(ranges[-1][-1] for ranges in maps))
    known = all(any(chosen in numbers for numbers in ranges) for ranges in maps)
    return chosen if known and chosen else None


def drop(places: Sequence[Path]) -> tuple[list[str], list[Path]]:
    """What has to be done where the caller is root: nothing for anybody else.

    Returns the beginning of an argument list, to which the command is added that is to run as
    another user; and for each of `places`, which are folders and files, where this command has it.
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
    lines.append("cd /")  # the caller's folder may be closed to the other user
    words = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--no-new-privs"]
    # Who changes user forgets to die with its parent, unless told so.
    words += ["--inh-caps=-all", "--pdeathsig=keep"]
    lines.append(f'exec {shlex.join(words)} "$@"')
    return ["unshare", "--mount", "--", "/bin/sh", "-euc", "\n".join(lines), "outsider"], doors


def dropped(sandbox: Sandbox) -> tuple[list[str], Sandbox]:
    """The beginning of an argument list, as of `drop`, and the sandbox as it is after that."""
    words, doors = drop([sandbox.root, *(mount.source for mount in sandbox.mounts)])
    mounts = zip(sandbox.mounts, doors[1:], strict=True)
    moved = tuple(replace(mount, source=door) for mount, door in mounts)
    return words, replace(sandbox, root=doors[0], mounts=moved)


def admit(folder: Path, *, write: bool = False) -> None:
    """Let a sandbox's user into a folder that is the caller's, whatever umask made it.

    Folders can be entered, and with `write` also changed; files can be read. What is not the
    caller's stays as it is.
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
    """The numbers that a map of a user namespace has (user_namespaces(7)), in their order."""
    rows = [[int(word) for word in line.split()] for line in text.splitlines()]
    return sorted((range(first, first + count) for first, _, count in rows), key=lambda r: r[0])


def _yard(needed: Sequence[str]) -> Path:
    for yard in map(Path, _YARDS):
        clear = not any(Path(path).is_relative_to(yard) for path in needed)
        if clear and yard.is_dir() and not yard.is_symlink():
            return yard
    return Path(_YARDS[0])  # the mounts then fail, and say which folder they miss
