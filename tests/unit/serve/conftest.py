"""A channel with two releases, as promotions write them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rootstock.building.artifact import Artifact
from rootstock.channel.generation import Generation
from rootstock.channel.promote import promote
from rootstock.release import contents
from rootstock.serve import page

Promote = Callable[..., Generation]


def _package(artifact: Artifact) -> contents.Package:
    return contents.Package(
        name=artifact.name,
        version=artifact.version,
        build=artifact.build,
        subdir=artifact.subdir,
        sha256=artifact.sha256,
        md5="0" * 32,
        size=artifact.size,
        key=artifact.key,
        license="MIT",
        floor=contents.Floor(declared="2.17", proven="2.14"),
        audit="passed",
    )


def _release(
    artifacts: list[Artifact], cell: str, root: str, python: str, check: str, url: str
) -> Any:
    def fill(new: Generation, folder: Path) -> None:
        packages = {one.filename: _package(one) for one in artifacts}
        locks = {"explicit": f"{cell}.txt", "pixi": f"{cell}.lock", "sbom": f"{cell}.cdx.json"}
        smoke = contents.Smoke(
            system="Debian 11",
            glibc="2.31",
            checks=(
                contents.Check(name=check, seconds=1.25, passed=True),
                contents.Check(name="tls", seconds=0.5, passed=True),
            ),
            not_run={},
        )
        record = contents.Release(
            release=new.number,
            time=new.time,
            rootstock="0",
            commit="0123456789abcdef",
            platform="linux-64",
            channel=url or "file:///srv/channel",
            cells={
                cell: contents.Cell(
                    root=root,
                    python=python,
                    specs=("root",),
                    packages=tuple(packages),
                    smoke=smoke,
                    files=locks,
                )
            },
            packages=packages,
            files={
                **dict.fromkeys(locks.values(), "0" * 64),
                f"attestations/{artifacts[0].filename}.json": "0" * 64,
            },
        )
        (folder / contents.RECORD).write_text(record.text())

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
