"""Finds packages that bring tests without a description: a suite may be worth describing."""

import json
from pathlib import Path

from rootstock.channel import index
from rootstock.run.planning import Plan
from rootstock.suites.choose import tests_in

_PATHS = "info/paths.json"


def find(planned: Plan) -> dict[str, int]:
    """Count the files with tests in each package that has some and no suite.

    It looks at packages of the cells whose own tests are requested, as far as they are built.
    """
    graph = planned.graph
    cells = planned.deep.items()
    described = {suite.package for _, tested in cells for suite in tested.suites}
    found = {}
    for artifact in {
        planned.have[id_].path: planned.have[id_]
        for cell, _ in cells
        for id_ in graph.cells[cell]
        if id_ in planned.have
    }.values():
        if artifact.name not in described and (count := tests_in(_files(artifact.path))):
            found[artifact.name] = count
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def _files(path: Path) -> list[str]:
    """Return the files of a package from its metadata; none where it cannot be read."""
    try:
        found = index.members(path, (_PATHS,))
        entries = json.loads(found[_PATHS])["paths"]
        return [str(entry["_path"]) for entry in entries]
    except (OSError, ValueError, KeyError, TypeError):
        return []
