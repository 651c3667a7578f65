"""Finds packages that bring tests without a description: a suite may be worth describing."""

import json
from collections.abc import Collection, Iterable
from pathlib import Path

from rootstock.building.artifact import Artifact
from rootstock.core.package_file import members
from rootstock.suites.choose import tests_in

_PATHS = "info/paths.json"


def find(artifacts: Iterable[Artifact], described: Collection[str]) -> dict[str, int]:
    """Count the files with tests in each package that has some and no suite.

    `described` are the packages that have a suite.
    """
    found = {}
    for artifact in {one.path: one for one in artifacts}.values():
        if artifact.name not in described and (count := tests_in(_files(artifact.path))):
            found[artifact.name] = count
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def _files(path: Path) -> list[str]:
    """Return the files of a package from its metadata; none where it cannot be read."""
    try:
        found = members(path, (_PATHS,))
        entries = json.loads(found[_PATHS])["paths"]
        return [str(entry["_path"]) for entry in entries]
    except (OSError, ValueError, KeyError, TypeError):
        return []
