"""A channel with two releases, as promotions write them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rootstock.build.artifact import Artifact
from rootstock.channel.generation import Generation
from rootstock.channel.promote import promote
from rootstock.serve import page

Promote = Callable[..., Generation]


def _release(
    artifacts: list[Artifact], cell: str, root: str, python: str, check: str, url: str
) -> Any:
    def fill(new: Generation, folder: Path) -> None:
        names = [artifact.filename for artifact in artifacts]
        files = {f"{cell}.txt": "0" * 64, f"attestations/{names[0]}.json": "0" * 64}
        record = {
            "release": new.number,
            "channel": url,
            "commit": "0123456789abcdef",
            "cells": {
                cell: {
                    "root": root,
                    "python": python,
                    "packages": names,
                    "smoke": {
                        "system": "Debian 11",
                        "glibc": "2.31",
                        "checks": [
                            {"name": check, "seconds": 1.25, "passed": True},
                            {"name": "tls", "seconds": 0.5, "passed": True},
                        ],
                    },
                    "files": {"explicit": f"{cell}.txt"},
                }
            },
            "packages": {
                name: {"floor": {"declared": "2.17", "proven": "2.14"}, "audit": "passed"}
                for name in names
            },
            "files": files,
        }
        (folder / "release.json").write_text(json.dumps(record))

    return fill


@pytest.fixture
def publish(package: Any, tmp_path: Path) -> Promote:
    """Promotes a ROOT for a Python into `tmp_path / "channel"`, with a release or without."""

    def make(
        root: str = "6.40.00",
        python: str = "3.11",
        *,
        proven: bool = True,
        check: str = "import_root",
        floor: str = "2.17",
        url: str = "",
    ) -> Generation:
        digits = python.replace(".", "")
        artifacts = [
            package(
                "pyroot",
                root,
                build=f"py{digits}h0_0",
                depends=[f"__glibc >={floor},<3.0.a0", f"python_abi {python}.* *_cp{digits}"],
            ),
            package("root", root, noarch="generic"),
        ]
        cell = f"root{root}-cp{digits}-linux_x86_64"
        cells = {cell: [artifact.filename for artifact in artifacts]}
        fill = _release(artifacts, cell, root, python, check, url) if proven else None
        channel = tmp_path / "channel"
        return promote(artifacts, channel, cells=cells, release=fill, show=page.write).generation

    return make
