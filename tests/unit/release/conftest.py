"""A release of small packages, made as a promotion makes it."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from rootstock.audit.report import AuditReport
from rootstock.building.artifact import Artifact
from rootstock.channel.generation import Generation
from rootstock.channel.promote import promote
from rootstock.environment.creation import Installed
from rootstock.plan.matrix import Cell
from rootstock.release import contents, keys
from rootstock.release.keys import Private
from rootstock.release.make import PassedCell, ReleaseInputs, make
from rootstock.smoke.report import Result, SmokeReport
from rootstock.sources.fetch import Source

CELL = Cell(root="6.40.00", python="3.11", platform="linux-64")
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
    release: contents.Release
    key: Private | None

    @property
    def folder(self) -> Path:
        return self.channel / contents.folder(self.release.release)


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
            Result(name="import", outcome="passed", seconds=1.5),
            Result(name="tls", outcome="not run", reason="no openssl"),
        ),
        packages=tuple(
            Installed(name=a.name, version=a.version, build=a.build, sha256=a.sha256, size=a.size)
            for a in artifacts
        ),
    )


@pytest.fixture
def facts(artifacts: list[Artifact]) -> ReleaseInputs:
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
        platform="linux-64",
        commit="c" * 40,
        cells=[proven],
        audits={audit.filename: audit for audit in audits},
        sources={"low-1.0-h0_0.conda": [SOURCE], "top-1.0-h0_0.conda": [WHEEL]},
    )


@pytest.fixture
def publish(tmp_path: Path, facts: ReleaseInputs) -> Callable[..., Released]:
    """Promotes the packages of the facts, with what is given in their place."""

    def run(**changed: Any) -> Released:
        own = replace(facts, **changed)
        channel = tmp_path / "channel"
        made: list[contents.Release] = []

        def release(new: Generation, folder: Path) -> None:
            made.append(make(replace(own, time=new.time), folder, channel))

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
