"""Clashes: files that two wheels of a set would both install.

After an installation it is chance which of the two remains. The audit finds such files in packages
that were built; here they are found before anything is built. The files of a source distribution
are known only when it is built.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from rootstock.core.errors import UsageError
from rootstock.core.names import folded, plain
from rootstock.stack.wheel import Wheel

_SHOWN = 20


def require_none(sets: Mapping[str, Sequence[Wheel]]) -> None:
    """Raise `UsageError` where two wheels of a set own a file; it names files, wheels and sets.

    `sets` are the wheels that are installed together, by the words that name them in a message.
    Programs of entry points count as files. Names are the same if they differ only in case or
    Unicode form, as on some file systems.
    """
    keys = {id(one): frozenset(map(folded, _owned(one))) for some in sets.values() for one in some}
    lines: dict[str, list[str]] = defaultdict(list)
    for item, wheels in sets.items():
        of = [keys[id(one)] for one in wheels]
        if sum(map(len, of)) != len(frozenset().union(*of)):
            for line in _clashes(wheels):
                lines[line].append(item)
    if not lines:
        return
    shown = [f"{line} ({', '.join(items)})" for line, items in list(lines.items())[:_SHOWN]]
    more = [f"    and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
    raise UsageError(
        "\n".join(("two wheels of a set have the same files:", *shown, *more)),
        'Leave a file out of one of the two: write drop = ["PATTERN"], and why, below '
        "[packages.NAME] in ci/stack.toml. For a program, leave out one of the packages.",
    )


def _clashes(wheels: Iterable[Wheel]) -> Iterable[str]:
    owners: dict[str, Wheel] = {}
    for one in wheels:
        for path in _owned(one):
            other = owners.setdefault(folded(path), one)
            if other is not one:
                yield (
                    f"    {plain(path)} is in {other.name} {other.version} and in "
                    f"{one.name} {one.version}"
                )


def _owned(one: Wheel) -> list[str]:
    programs = (f"bin/{program.partition('=')[0].strip()}" for program in one.entry_points)
    return sorted({*one.files, *programs})
