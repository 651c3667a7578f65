"""Formats times, sizes and tables for people."""

import re
from collections.abc import Sequence

from rootstock.core.errors import without_password

# Control characters (C0, DEL, C1), which include terminal commands; characters that break or
# reverse a line; halves of characters. A tab stays.
_CONTROL = re.compile(
    "[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def visible(line: str) -> str:
    """Escape a line from any source so that any terminal and anybody may show it.

    >>> visible("bell " + chr(7)) == "bell " + chr(92) + "x07"
    True
    >>> visible("https://me:secret@example.org/channel")
    'https://...@example.org/channel'
    """
    return _CONTROL.sub(lambda found: ascii(found[0])[1:-1], without_password(line))


def duration(seconds: float) -> str:
    """Format a time as people say it.

    >>> duration(0.34), duration(12.34), duration(151), duration(3720)
    ('0.3 s', '12.3 s', '2 min 31 s', '1 h 02 min')
    """
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min"


def clock(seconds: float) -> str:
    """Format a running time as minutes and seconds.

    >>> clock(5.9), clock(92), clock(3720)
    ('0:05', '1:32', '1:02:00')
    """
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def size(count: float) -> str:
    """Format a number of bytes in decimal units, as package managers do.

    >>> size(0), size(999), size(1234), size(187_300_000), size(2.5e9)
    ('0 B', '999 B', '1.2 kB', '187.3 MB', '2.5 GB')
    """
    if count < 1000:
        return f"{count:.0f} B"
    for unit in ("kB", "MB"):
        count /= 1000
        if count < 999.95:
            return f"{count:.1f} {unit}"
    return f"{count / 1000:.1f} GB"


def counted(count: int, what: str) -> str:
    """Format a number of things; `what` is the word for one.

    >>> counted(0, "cell"), counted(1, "cell"), counted(2, "cell")
    ('0 cells', '1 cell', '2 cells')
    """
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def share(done: float, total: float | None, unit: str) -> str:
    """Format how much of something is done.

    >>> share(3, 15, ""), share(12e6, 248e6, "B"), share(12e6, None, "B"), share(2, 9, "files")
    ('3/15', '12.0 MB/248.0 MB', '12.0 MB', '2/9 files')
    """
    if unit == "B":
        return size(done) if not total else f"{size(done)}/{size(total)}"
    amount = f"{done:g}" if not total else f"{done:g}/{total:g}"
    return f"{amount} {unit}".strip()


def columns(rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> list[str]:
    """Align the rows of a table; the columns with an index in `right` align to the right.

    >>> columns([("name", "size"), ("zlib", "1 MB")], right=[1])
    ['name  size', 'zlib  1 MB']
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if index in right else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
