"""Checks that a tag names a version that can be released, and prints its changes.

It needs Python 3.10 or newer, and nothing else.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import NamedTuple

CHECKOUT = Path(__file__).resolve().parents[1]
UNRELEASED = "Unreleased"
_HEADING = re.compile(r"^## (?P<name>\S+)(?: \((?P<when>[^)]*)\))?$", re.MULTILINE)
_VERSION = re.compile(r'^__version__ = "([^"]+)"$', re.MULTILINE)
_TAG = re.compile(r"v([0-9]+\.[0-9]+\.[0-9]+)")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DESCRIPTION = """\
Check that a tag, the program's version and a dated section of CHANGELOG.md agree, and print that
section."""
_STEPS = """\
example:
  python3 scripts/release_notes.py v0.2.0 > notes.md

to release a version:
  1. In CHANGELOG.md turn "## Unreleased" into "## 0.2.0 (2026-12-01)".
  2. In src/rootstock/__init__.py write the same version.
  3. Commit, run this, and tag the commit v0.2.0. The workflow release.yml does the rest.
  4. Write the next development version, 0.3.0.dev0, and a new "## Unreleased".

exit codes: 0 all agree, 2 they do not
"""


class Refused(Exception):
    """The reason why a tag cannot be released."""


class Section(NamedTuple):
    """A version's part of the changes: the day in its heading, and the text below."""

    when: str
    text: str


def sections(changes: str) -> dict[str, Section]:
    """Return the parts of CHANGELOG.md by the versions in their headings, in its order.

    Raises `Refused` when a version has two.
    """
    found: dict[str, Section] = {}
    headings = list(_HEADING.finditer(changes))
    ends = [heading.start() for heading in headings[1:]] + [len(changes)]
    for heading, end in zip(headings, ends, strict=True):
        name = heading["name"]
        if name in found:
            raise Refused(f"CHANGELOG.md has two sections of {name}")
        found[name] = Section(heading["when"] or "", changes[heading.end() : end].strip())
    return found


def notes(tag: str, program: str, changes: str) -> str:
    """Return the changes of the version that a tag names.

    `program` is the text of the program's `__init__.py`, `changes` that of CHANGELOG.md. Raises
    `Refused` when the tag has no version, when the tag, the program and the changes differ in their
    version, and when the changes are not of that version only.
    """
    named = _TAG.fullmatch(tag)
    if not named:
        raise Refused(f"the tag {tag} is not like v0.2.0")
    version = named[1]
    own = _VERSION.findall(program)
    if own != [version]:
        raise Refused(
            f"the tag has version {version}, but the program has {', '.join(own) or 'no version'}"
        )
    by_name = sections(changes)
    if by_name.get(UNRELEASED, Section("", "")).text:
        raise Refused(f"CHANGELOG.md has changes under {UNRELEASED}: give them their version")
    released = [name for name in by_name if name != UNRELEASED]
    if released[:1] != [version]:
        raise Refused(f"the first section of CHANGELOG.md is not that of {version}")
    section = by_name[version]
    if not _DAY.fullmatch(section.when):
        raise Refused(f'CHANGELOG.md has no day for it: "## {version} (2026-12-01)"')
    if not section.text:
        raise Refused(f"CHANGELOG.md has no text for {version}")
    return section.text


def main(argv: list[str]) -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(
        prog="scripts/release_notes.py",
        description=_DESCRIPTION,
        epilog=_STEPS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("tag", help="the tag of the release, such as v0.2.0")
    tag = parser.parse_args(argv).tag
    try:
        program = (CHECKOUT / "src/rootstock/__init__.py").read_text(encoding="utf-8")
        changes = (CHECKOUT / "CHANGELOG.md").read_text(encoding="utf-8")
        print(notes(tag, program, changes))
    except (Refused, OSError) as error:
        print(f"error: {error}\n  scripts/release_notes.py --help has the steps.", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
