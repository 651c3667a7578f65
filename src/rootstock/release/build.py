"""Builds a release as text: the files that a promotion adds to the channel's packages."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from rootstock import __version__
from rootstock.acceptance import record as acceptance
from rootstock.acceptance.report import AcceptanceReport
from rootstock.audit.report import AuditReport
from rootstock.building.artifact import Artifact
from rootstock.channel import release_model
from rootstock.channel.index import Record
from rootstock.core.errors import RefusedError
from rootstock.plan.matrix import Cell
from rootstock.plan.security import Examined
from rootstock.product.model import Product
from rootstock.release import attest, locks, sbom
from rootstock.release.keys import Private
from rootstock.smoke.report import SmokeReport
from rootstock.sources.source import Source

if TYPE_CHECKING:
    from rootstock.suites.results import SuitesReport


@dataclass(frozen=True, kw_only=True)
class PassedCell:
    """A cell that passed: its specs, its reports, and its artifacts.

    `acceptance` and `suites` are the reports of its acceptance tests and of its packages' own
    tests, if they ran, and `elsewhere` those of the smoke tests on further systems.
    """

    cell: Cell
    specs: tuple[str, ...]
    smoke: SmokeReport
    artifacts: Sequence[Artifact]
    acceptance: AcceptanceReport | None = None
    suites: "SuitesReport | None" = None
    elsewhere: tuple[SmokeReport, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ReleaseInputs:
    """The inputs of a release.

    `audits` are the reports, `sources` the sources, and `examined` what is known of vulnerabilities
    of packages, by file name. `url` is the
    public address of the channel, empty if there is none, and `folder` the URL of its folder; `key`
    signs. `statements` are the attestations of other builders.
    """

    number: int
    time: str
    product: Product
    platform: str
    commit: str
    cells: Sequence[PassedCell]
    audits: Mapping[str, AuditReport]
    sources: Mapping[str, Sequence[Source]]
    folder: str
    examined: Mapping[str, Examined] = field(default_factory=dict)
    url: str = ""
    key: Private | None = None
    statements: Sequence[str] = ()

    @property
    def address(self) -> str:
        """The URL by which the release names the channel: the public one, or the folder's."""
        return self.url.rstrip("/") or self.folder


@dataclass(frozen=True, kw_only=True)
class Built:
    """A release, and the text of each of its files, by their paths in its folder."""

    release: release_model.Release
    files: Mapping[str, str]


def build(inputs: ReleaseInputs, records: Mapping[str, Record]) -> Built:
    """Make the files of a release; `records` are the index records of its packages.

    Raises `RefusedError` when the tested packages are not those that are promoted.
    """
    base = inputs.address
    artifacts = {a.filename: a for tested in inputs.cells for a in tested.artifacts}
    cells = {tested.cell.id: _cell(tested, records) for tested in inputs.cells}
    bundled = {name: report.bundled for name, report in inputs.audits.items()}
    release = release_model.Release(
        release=inputs.number,
        time=inputs.time,
        rootstock=__version__,
        commit=inputs.commit,
        platform=inputs.platform,
        channel=base,
        product=inputs.product.name,
        cells=cells,
        packages={
            name: _package(artifact, records[name], inputs)
            for name, artifact in sorted(artifacts.items())
        },
        files={},
    )
    files: dict[str, str] = {}
    for id_, cell in cells.items():
        packages = release.of(id_)
        up = "" if inputs.url else locks.UP
        made = {
            locks.EXPLICIT: locks.explicit(packages, inputs.platform, base),
            locks.PIXI: locks.pixi(packages, records, inputs.platform, base, up),
            locks.CONDA_LOCK: locks.conda_lock(packages, records, inputs.platform, base),
            "sbom": sbom.write(release, id_, records, inputs.sources, inputs.examined, bundled),
        }
        files |= {cell.files[what]: text for what, text in made.items()}
    for tested in inputs.cells:
        if tested.acceptance:
            name = cells[tested.cell.id].files[acceptance.KIND]
            files[name] = acceptance.Record.of(tested.acceptance).text()
    if inputs.key:
        files |= _attestations(release, inputs.key)
    files |= {f"{release_model.BUILDERS}/{_sha256(text)}.json": text for text in inputs.statements}
    hashes = {name: _sha256(text) for name, text in files.items()}
    release = replace(release, files=hashes)
    files[release_model.RECORD] = text = release.text()
    if inputs.key:
        statement = attest.of_release(release_model.RECORD, _sha256(text), base, inputs.number)
        files[release_model.ATTESTATION] = attest.sign(statement, inputs.key)
    return Built(release=release, files=files)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _attestations(release: release_model.Release, key: Private) -> dict[str, str]:
    """Make the public key file, and a signed statement for each package, by their paths."""
    files = {f"{release_model.KEYS}/{key.public.id}.pub": key.public.pem.decode()}
    for package in release.packages.values():
        statement = attest.of_package(package.filename, package.sha256, release.channel)
        files[f"{release_model.ATTESTATIONS}/{package.filename}.json"] = attest.sign(statement, key)
    return files


def _cell(tested: PassedCell, records: Mapping[str, Record]) -> release_model.ReleasedCell:
    report = tested.smoke
    promoted = {artifact.sha256: artifact.filename for artifact in tested.artifacts}
    installed = [package.sha256 for package in report.packages]
    if tested.acceptance and not tested.acceptance.passed:
        raise RefusedError(f"{tested.cell.id}: its acceptance tests did not pass")
    if tested.suites and not tested.suites.passed:
        raise RefusedError(f"{tested.cell.id}: its packages' own tests did not pass")
    for one in (report, *tested.elsewhere):
        if not (one.passed and promoted.keys() >= {package.sha256 for package in one.packages}):
            raise RefusedError(
                f"{tested.cell.id}: the packages tested on {one.system} are not those that are "
                "promoted"
            )
    ran = [result for result in report.checks if result.outcome != "not run"]
    return release_model.ReleasedCell(
        axes=tested.cell.axes,
        product=tested.cell.product.name,
        specs=tested.specs,
        packages=ordered({promoted[sha256]: records[promoted[sha256]] for sha256 in installed}),
        smoke=release_model.Smoke(
            system=report.system,
            glibc=report.glibc,
            checks=tuple(
                release_model.ReleasedCheck(
                    name=r.name, seconds=r.seconds, passed=r.outcome == "passed"
                )
                for r in ran
            )
            + _elsewhere(tested)
            + _suites(tested),
            not_run={r.name: r.reason for r in report.checks if r.outcome == "not run"},
        ),
        files={
            locks.EXPLICIT: f"{tested.cell.id}.txt",
            locks.PIXI: f"{tested.cell.id}.lock",
            locks.CONDA_LOCK: f"{tested.cell.id}.conda-lock.yml",
            "sbom": f"{tested.cell.id}.cdx.json",
            **({acceptance.KIND: f"{tested.cell.id}.acceptance.json"} if tested.acceptance else {}),
        },
    )


def _elsewhere(tested: PassedCell) -> tuple[release_model.ReleasedCheck, ...]:
    """Return the smoke tests on further systems as checks, one for each system."""
    return tuple(
        release_model.ReleasedCheck(
            name=f"smoke tests on {one.system}, glibc {one.glibc}",
            seconds=one.seconds,
            passed=one.passed,
        )
        for one in tested.elsewhere
    )


def _suites(tested: PassedCell) -> tuple[release_model.ReleasedCheck, ...]:
    """Return the packages' own tests as checks, with the figures in their names."""
    return tuple(
        release_model.ReleasedCheck(
            name=f"own tests of {one.package} {one.version}: {one.figures}",
            seconds=one.seconds,
            passed=one.state == "passed",
        )
        for one in (tested.suites.suites if tested.suites else ())
    )


def ordered(records: Mapping[str, Record]) -> tuple[str, ...]:
    """Order file names: dependencies before the packages that need them, otherwise by name.

    Where packages depend on each other in a circle, one comes first nevertheless.
    """
    by_name = {record["name"]: filename for filename, record in records.items()}
    done: dict[str, None] = {}
    begun: set[str] = set()

    def visit(name: str) -> None:
        if name not in begun:
            begun.add(name)
            for other in sbom.needed(records[by_name[name]], by_name):
                visit(other)
            done[by_name[name]] = None

    for name in sorted(by_name):
        visit(name)
    return tuple(done)


def _package(artifact: Artifact, known: Record, inputs: ReleaseInputs) -> release_model.Package:
    audit = inputs.audits[artifact.filename]
    if not audit.passed:
        raise RefusedError(f"{artifact.filename}: it did not pass the audit")
    return release_model.Package(
        name=artifact.name,
        version=artifact.version,
        build=artifact.build,
        subdir=artifact.subdir,
        sha256=artifact.sha256,
        md5=known["md5"],
        size=artifact.size,
        key=artifact.key,
        license=known.get("license", ""),
        floor=release_model.Floor(declared=audit.declared, proven=audit.proven),
        audit="passed",
    )
