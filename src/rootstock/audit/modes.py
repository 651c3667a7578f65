"""Rules about the kinds and the permissions of files, as an archive or a folder has them."""

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from rootstock.audit.report import Finding
from rootstock.core.names import plain

_RIGHTS = stat.S_ISUID | stat.S_ISGID


def findings(modes: Mapping[str, int]) -> Iterator[Finding]:
    """Yield files and folders with permissions that no package needs.

    `modes` are as of `os.stat`: those of wheels only where they are neither files nor folders,
    because pip and uv ignore the rest, and those of others without links. A folder may give its
    group to what is made in it, as on shared disks. No client keeps the owners in an archive.
    """
    for name, mode in sorted(modes.items()):
        if message := _fault(mode):
            yield Finding(rule="modes", file=plain(name), message=message)


def _fault(mode: int) -> str:
    text = f"(mode {stat.S_IMODE(mode):04o})"
    if stat.S_ISLNK(mode):
        return (
            "is a link, which installers of wheels write as a file with its target; copy the file."
        )
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        return "is neither a file, a folder nor a link; leave it out."
    if mode & _RIGHTS and not stat.S_ISDIR(mode):
        return (
            f"runs with the rights of its owner or group {text}; remove the setuid or setgid bit."
        )
    if mode & stat.S_IWOTH:
        return f"can be changed by every user {text}; remove the permission with chmod o-w."
    readable = 0o444 if stat.S_ISREG(mode) else 0o555
    if mode & readable != readable:
        return f"cannot be read by every user {text}; change it with chmod a+rX."
    return ""


def on_disk(folder: Path) -> dict[str, int]:
    """Return the modes of all below a folder but links, by relative path.

    What this user can read counts as readable for all, whatever the umask was.
    """
    found = {}
    for above, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = os.path.join(above, name)
            mode = os.lstat(path).st_mode
            if stat.S_ISLNK(mode):
                continue
            if mode & stat.S_IRUSR and os.access(path, os.R_OK):
                mode |= 0o555 if stat.S_ISDIR(mode) else 0o444
            found[os.path.relpath(path, folder)] = mode
    return found
