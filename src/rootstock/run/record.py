"""The record of a run, written as `report.json` into the run's folder of the store.

`--json` prints it, and every other form of report is made from it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

NAME = "report.json"
FORMAT = 1

NodeState = Literal["built", "kept", "failed", "skipped"]
CellState = Literal["promoted", "unchanged", "passed", "failed", "not tried"]


@dataclass(frozen=True, kw_only=True)
class NodeRecord:
    """The result for one package. Sizes are in bytes, times in seconds.

    `log` is the file with all output of its build. `reason` says why it was built, or why it failed
    or was skipped. `failure` is the store's record of the failure. For a failed package, fields
    without a value are empty, or 0.
    """

    package: str
    version: str
    state: NodeState
    key: str
    filename: str = ""
    subdir: str = ""
    sha256: str = ""
    size: int = 0
    seconds: float = 0.0
    scope: str = "channel"
    log: str = ""
    reason: str = ""
    failure: str = ""


@dataclass(frozen=True, kw_only=True)
class CellRecord:
    """The result for one cell; `files` are the names of its packages in the channel.

    `axes` are the values of the cell by the names of the product's axes, such as `root`.
    """

    id: str
    axes: Mapping[str, str]
    state: CellState
    files: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the record as a JSON object, in which each axis is a field of its own."""
        return {"id": self.id, **self.axes, "state": self.state, "files": self.files}


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """The result of a run.

    `started` is in UTC, by ISO 8601. `stages` has the seconds of each stage; "sources" includes the
    images. `channel` is the folder of the channel, and `release` the number of the new release, 0
    if there is none. `audit`, `smoke`, `acceptance` and `suites` are the reports of those stages.
    `code` is the exit code. `error` is empty when all is well.
    """

    run: str
    rootstock: str
    command: tuple[str, ...]
    started: str
    seconds: float
    code: int
    channel: str
    release: int = 0
    cells: tuple[CellRecord, ...] = ()
    nodes: tuple[NodeRecord, ...] = ()
    audit: tuple[Mapping[str, Any], ...] = ()
    smoke: tuple[Mapping[str, Any], ...] = ()
    acceptance: tuple[Mapping[str, Any], ...] = ()
    suites: tuple[Mapping[str, Any], ...] = ()
    error: str = ""
    remedy: str = ""
    stages: Mapping[str, float] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the record as a JSON object."""
        cells = [cell.as_json() for cell in self.cells]
        return {"format": FORMAT, **vars(self), "cells": cells, "nodes": [*map(vars, self.nodes)]}


def write(record: RunRecord, folder: Path) -> Path:
    """Write the record into a run's folder in one step, and return its path."""
    path = folder / NAME
    new = path.with_suffix(".new")
    lines = (f"{json.dumps(key)}: {_lines(value)}" for key, value in record.as_json().items())
    new.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    return new.replace(path)


def _lines(value: object) -> str:
    """Format a value as JSON, a list with a line for each item: `indent` is ten times slower."""
    if isinstance(value, list | tuple) and value:
        return "[\n" + ",\n".join(json.dumps(item) for item in value) + "\n]"
    return json.dumps(value)
