"""What a run did, as one file: `report.json` in the run's folder of the store.

It is what `--json` prints, and what every other form of report is made from.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from rootstock.building.artifact import Artifact

NAME = "report.json"
FORMAT = 1

NodeState = Literal["built", "kept", "failed", "skipped"]
CellState = Literal["promoted", "unchanged", "passed", "failed", "not tried"]


@dataclass(frozen=True, kw_only=True)
class NodeRecord:
    """What became of one package. Sizes are in bytes, times in seconds.

    `log` is the file with all that its build wrote. `reason` says why it was built, or why it
    failed or was skipped; `failure` is the file in which the store keeps that it failed. What a
    package that failed does not have is empty, or 0.
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

    @classmethod
    def of(
        cls, artifact: Artifact, *, built: bool, log: str = "", reason: str = ""
    ) -> "NodeRecord":
        """The record of a package that is there, `built` in this run or before it."""
        return cls(
            package=artifact.name,
            version=artifact.version,
            state="built" if built else "kept",
            key=artifact.key,
            filename=artifact.filename,
            subdir=artifact.subdir,
            sha256=artifact.sha256,
            size=artifact.size,
            seconds=artifact.seconds,
            scope=artifact.scope,
            log=log,
            reason=reason,
        )


@dataclass(frozen=True, kw_only=True)
class CellRecord:
    """What became of one cell; `files` are the names of its packages in the channel.

    `axes` are the values of the cell by the names of the product's axes, such as `root`.
    """

    id: str
    axes: Mapping[str, str]
    state: CellState
    files: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The record as a JSON object, in which each axis is a field of its own."""
        return {"id": self.id, **self.axes, "state": self.state, "files": self.files}


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """A run.

    `started` is in UTC, by ISO 8601; `stages` are seconds by stage, of which "sources" makes
    the images too. `channel` is the folder of the channel, `release` the release that was
    made in it, 0 if there was nothing new. `audit`, `smoke` and `suites` hold the reports of those
    stages as they give them. `error` is empty when all is well; `code` is the exit code.
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
    suites: tuple[Mapping[str, Any], ...] = ()
    error: str = ""
    remedy: str = ""
    stages: Mapping[str, float] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The record as `json.dumps` takes it."""
        cells = [cell.as_json() for cell in self.cells]
        return {"format": FORMAT, **vars(self), "cells": cells, "nodes": [*map(vars, self.nodes)]}


def write(record: RunRecord, folder: Path) -> Path:
    """Write the record into a run's folder, whole or not at all, and return its path."""
    path = folder / NAME
    new = path.with_suffix(".new")
    lines = (f"{json.dumps(key)}: {_lines(value)}" for key, value in record.as_json().items())
    new.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    return new.replace(path)


def _lines(value: object) -> str:
    """A value as JSON, a list with a line for each item: `indent` is ten times slower."""
    if isinstance(value, list | tuple) and value:
        return "[\n" + ",\n".join(json.dumps(item) for item in value) + "\n]"
    return json.dumps(value)


def load(folder: Path) -> RunRecord:
    """Read a run's record; raises `ValueError` when there is none or it is of another format."""
    path = folder / NAME
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        if values.pop("format") != FORMAT:
            raise ValueError(f"{path} was written by another version of rootstock")
        return RunRecord(
            **{
                **values,
                "command": tuple(values["command"]),
                "cells": tuple(map(_cell, values["cells"])),
                "nodes": tuple(NodeRecord(**node) for node in values["nodes"]),
                "audit": tuple(values["audit"]),
                "smoke": tuple(values["smoke"]),
                "suites": tuple(values.get("suites", ())),
            }
        )
    except (OSError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} is no report of a run: {error!r}") from error


def _cell(known: Mapping[str, Any]) -> CellRecord:
    axes = {key: value for key, value in known.items() if key not in ("id", "state", "files")}
    return CellRecord(id=known["id"], axes=axes, state=known["state"], files=tuple(known["files"]))
