"""Channels of tiny packages with their releases, and what the tests of publishing share."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rootstock.building.artifact import Artifact
from rootstock.channel.release_model import RECORD, Floor, Package, Release, ReleasedCell, Smoke
from rootstock.core.progress import silent
from rootstock.environment import creation
from rootstock.publish.retry import RetryPolicy
from rootstock.publish.snapshot import ChannelSnapshot

from ..channels import Release as Making
from ..channels import promote

ONCE = RetryPolicy(tries=1, timeout=20)
SOON = RetryPolicy(tries=4, first=0.01, longest=0.02, timeout=20)


def cell(*names: str, specs: tuple[str, ...] = ()) -> ReleasedCell:
    return ReleasedCell(
        axes={"root": "6.40.00", "python": "3.11"},
        specs=specs or tuple(name.rsplit("-", 2)[0] for name in names),
        packages=names,
        smoke=Smoke(system="", glibc="", checks=(), not_run={}),
        files={"explicit": "cell.txt", "pixi": "cell.lock", "sbom": "cell.cdx.json"},
    )


def release_of(artifacts: list[Artifact], cells: Mapping[str, ReleasedCell]) -> Making:
    """What makes the files of a release: as much of release.json as publishing reads."""

    def fill(number: int, time: str) -> Mapping[str, str]:
        packages = {
            a.filename: Package(
                name=a.name,
                version=a.version,
                build=a.build,
                subdir=a.subdir,
                sha256=a.sha256,
                md5="0" * 32,
                size=a.size,
                key=a.key,
                license="MIT",
                floor=Floor(declared="", proven=""),
                audit="passed",
            )
            for a in artifacts
        }
        release = Release(
            release=number,
            time=time,
            rootstock="",
            commit="",
            platform="linux-64",
            channel="https://example.org/channel",
            cells=cells,
            packages=packages,
            files={name: "0" * 64 for one in cells.values() for name in one.files.values()},
        )
        return {RECORD: release.text()}

    return fill


def promoted(channel: Path, name: str, *artifacts: Artifact) -> None:
    """Promote packages as one cell of that name, with its release."""
    made = cell(*(artifact.filename for artifact in artifacts))
    fill = release_of(list(artifacts), {name: made})
    cells = {name: made.packages}
    promote(artifacts, channel, cells=cells, release=fill)


def paths(snapshot: ChannelSnapshot) -> dict[str, str]:
    return {package.path: package.sha256 for package in snapshot.packages}


class Installs:
    """Stands in for the smoke tests: installs each cell with the real installer."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.calls = folder, 0

    def __call__(self, cells: Mapping[str, ReleasedCell], url: str) -> None:
        for one in cells.values():
            self.calls += 1
            where = self.folder / f"env{self.calls}"
            made = creation.create(
                where, one.specs, url, cache=self.folder / f"cache{self.calls}", listen=silent
            )
            assert len(made.packages) == len(one.packages)


def untested(cells: Mapping[str, ReleasedCell], url: str) -> Any:
    """A smoke test that finds nothing wrong, where another test has installed."""
