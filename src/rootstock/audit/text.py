"""Finds traces of the build in a package's files: paths that exist on no user's machine."""

import mmap
import re
from collections.abc import Iterator

# The sandbox's folder for all builds; the padding of every build's prefix; and the folder of the
# build tools.
_NEEDLES = (b"/rootstock/", b"placehold_placehold", b"_build_env/")

# Before a "/" these show that it is within a path, not at its beginning, except for -L/a/path.
_WITHIN = re.compile(rb"[\w.\-})]$")
_OPTION = re.compile(rb"(?:^|[^\w.\-])-[A-Za-z]+$")
_BEFORE = 12

_PATH = re.compile(rb"[\w./+@%=~\-]+")
_PATH_END = re.compile(rb"[\w./+@%=~\-]*$")
_LONGEST = 300  # longer than any prefix, which has at most 255
_SHOWN = 100

Data = bytes | mmap.mmap


def may_leak(data: Data) -> bool:
    """Whether a file has a text that each build path contains."""
    return any(data.find(needle) >= 0 for needle in _NEEDLES)


def leaks(data: Data, placeholder: bytes = b"") -> Iterator[str]:
    """Yield the build paths in a file, each once, shortened.

    `placeholder` is the text that installing replaces in this file: it is not a leak.
    """
    seen = set()
    for needle in _NEEDLES:
        at = data.find(needle)
        while at >= 0:
            after = at + len(needle)
            covered = _covering(data, placeholder, at, after) if placeholder else -1
            if covered >= 0:
                after = covered + len(placeholder)
            elif needle[:1] != b"/" or _begins(data[max(0, at - _BEFORE) : at]):
                path, after = _path_around(data, at, after)
                if path not in seen:
                    seen.add(path)
                    yield path[:_SHOWN]
            at = data.find(needle, after)


def _begins(before: bytes) -> bool:
    return not _WITHIN.search(before) or bool(_OPTION.search(before))


def _covering(data: Data, placeholder: bytes, start: int, end: int) -> int:
    """Return where the placeholder that covers data[start:end] begins, or -1."""
    return data.find(placeholder, max(0, end - len(placeholder)), start + len(placeholder))


def _path_around(data: Data, at: int, after: int) -> tuple[str, int]:
    """Return the whole path around data[at:after], and where it ends."""
    before = _PATH_END.search(data[max(0, at - _LONGEST) : at])
    rest = _PATH.match(data, after)
    end = rest.end() if rest else after
    start = at - len(before.group()) if before else at
    return data[start:end].decode(errors="replace"), end
