"""Channels of small packages with releases, made as promotions make them."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from rootstock.audit.report import AuditReport
from rootstock.building.artifact import Artifact
from rootstock.channel import consistency, release_model
from rootstock.channel.generation import Generation
from rootstock.channel.index import Record
from rootstock.channel.layout import release_dir
from rootstock.environment.creation import Installed
from rootstock.plan.matrix import Cell
from rootstock.product.root import PRODUCT
from rootstock.release import keys
from rootstock.release.build import PassedCell, ReleaseInputs, build
from rootstock.release.keys import Private
from rootstock.smoke.report import CheckResult, SmokeReport
from rootstock.sources.source import Source

from ..channels import promote

CELL = Cell(product=PRODUCT, values=("6.40.00", "3.11"), platform="linux-64")
SOURCE = Source(
    urls=("https://example.org/low-1.0.tar.gz",), sha256="5" * 64, filename="low-1.0.tar.gz"
)
WHEEL = Source(
    urls=("pkg:pypi/top@1.0#top-1.0-py3-none-any.whl",),
    sha256="6" * 64,
    filename="top-1.0-py3-none-any.whl",
)


@dataclass(frozen=True)
class Released:
    """A channel with a release, and who signed it."""

    channel: Path
    release: release_model.Release
    key: Private | None

    @property
    def folder(self) -> Path:
        return self.channel / release_dir(self.release.release)


@pytest.fixture
def key(tmp_path: Path) -> Private:
    keys.new(tmp_path / "config/key.pem")
    return keys.load(tmp_path / "config/key.pem")


@pytest.fixture
def artifacts(package: Any) -> list[Artifact]:
    """Three packages, one of which needs the others, and one that no environment gets."""
    return [
        package("top", depends=["low >=1", "pure", "__glibc >=2.17,<3.0.a0"], key="k1"),
        package("low", key="k2"),
        package("pure", noarch="python", files={"site-packages/pure.py": b""}, key="k3"),
        package("aside", key="k4"),
    ]


def smoked(artifacts: list[Artifact]) -> SmokeReport:
    return SmokeReport(
        cell=CELL.id,
        system="Debian 11",
        glibc="2.31",
        seconds=3.0,
        checks=(
            CheckResult(name="import", outcome="passed", seconds=1.5),
            CheckResult(name="tls", outcome="not run", reason="no openssl"),
        ),
        packages=tuple(
            Installed(name=a.name, version=a.version, build=a.build, sha256=a.sha256, size=a.size)
            for a in artifacts
        ),
    )


@pytest.fixture
def inputs(artifacts: list[Artifact], tmp_path: Path) -> ReleaseInputs:
    audits = [
        AuditReport(
            filename=a.filename,
            declared="2.17",
            proven="2.14",
            elf_files=1,
            findings=(),
            seconds=0.1,
        )
        for a in artifacts
    ]
    proven = PassedCell(
        cell=CELL,
        specs=("top 1.*", "low"),
        smoke=smoked(artifacts[:3]),
        artifacts=artifacts,
    )
    return ReleaseInputs(
        number=1,
        time="2026-11-22T20:00:00+00:00",
        product=PRODUCT,
        platform="linux-64",
        commit="c" * 40,
        cells=[proven],
        audits={audit.filename: audit for audit in audits},
        folder=(tmp_path / "channel").as_uri(),
        sources={"low-1.0-h0_0.conda": [SOURCE], "top-1.0-h0_0.conda": [WHEEL]},
    )


def records_of(inputs: ReleaseInputs) -> dict[str, Record]:
    """What the index says of the packages of a release."""
    every = [artifact for one in inputs.cells for artifact in one.artifacts]
    return {a.filename: consistency.read(a.path, a.sha256, a.size) for a in every}


@pytest.fixture
def publish(tmp_path: Path, inputs: ReleaseInputs) -> Callable[..., Released]:
    """Promotes the packages of the inputs, with what is given in their place."""

    def run(**changed: Any) -> Released:
        own = replace(inputs, **changed)
        channel = tmp_path / "channel"
        made: list[release_model.Release] = []

        def release(number: int, time: str) -> Mapping[str, str]:
            built = build(replace(own, time=time), records_of(own))
            made.append(built.release)
            return built.files

        sets = {one.cell.id: [a.filename for a in one.artifacts] for one in own.cells}
        every = [artifact for one in own.cells for artifact in one.artifacts]
        promote(every, channel, cells=sets, release=release)
        return Released(channel, made[0], own.key)

    return run


@pytest.fixture
def released(publish: Callable[..., Released], key: Private) -> Iterator[Released]:
    """A signed release."""
    made = publish(key=key)
    yield made
    shutil.rmtree(made.channel)


def _package(artifact: Artifact) -> release_model.Package:
    return release_model.Package(
        name=artifact.name,
        version=artifact.version,
        build=artifact.build,
        subdir=artifact.subdir,
        sha256=artifact.sha256,
        md5="0" * 32,
        size=artifact.size,
        key=artifact.key,
        license="MIT",
        floor=release_model.Floor(declared="2.17", proven="2.14"),
        audit="passed",
    )


def _release(
    artifacts: list[Artifact], cell: str, root: str, python: str, check: str, url: str
) -> Any:
    def fill(number: int, time: str) -> Mapping[str, str]:
        packages = {one.filename: _package(one) for one in artifacts}
        locks = {"explicit": f"{cell}.txt", "pixi": f"{cell}.lock", "sbom": f"{cell}.cdx.json"}
        smoke = release_model.Smoke(
            system="Debian 11",
            glibc="2.31",
            checks=(
                release_model.ReleasedCheck(name=check, seconds=1.25, passed=True),
                release_model.ReleasedCheck(name="tls", seconds=0.5, passed=True),
            ),
            not_run={},
        )
        record = release_model.Release(
            release=number,
            time=time,
            rootstock="0",
            commit="0123456789abcdef",
            platform="linux-64",
            channel=url or "file:///srv/channel",
            cells={
                cell: release_model.ReleasedCell(
                    axes={"root": root, "python": python},
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
        return {release_model.RECORD: record.text()}

    return fill


@pytest.fixture
def publish_root(package: Any, tmp_path: Path) -> Callable[..., Generation]:
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
        return promote(artifacts, channel, cells=cells, release=fill).generation

    return make
