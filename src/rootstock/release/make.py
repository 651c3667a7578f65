"""Write a release: what a promotion leaves in the channel beside its packages."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rootstock import __version__
from rootstock.audit.report import AuditReport
from rootstock.building.artifact import Artifact
from rootstock.channel.index import Record
from rootstock.channel.promote import record
from rootstock.core.errors import RefusedError
from rootstock.plan.matrix import Cell
from rootstock.release import attest, contents, locks, sbom
from rootstock.release.keys import Private
from rootstock.release.place import place
from rootstock.smoke.report import SmokeReport
from rootstock.sources.fetch import Source

if TYPE_CHECKING:
    from rootstock.suites.results import SuitesReport


@dataclass(frozen=True, kw_only=True)
class PassedCell:
    """A cell that passed: what it was solved for, its reports, and its artifacts.

    `suites` is the report of its packages' own tests, if they were run.
    """

    cell: Cell
    specs: tuple[str, ...]
    smoke: SmokeReport
    artifacts: Sequence[Artifact]
    suites: "SuitesReport | None" = None


@dataclass(frozen=True, kw_only=True)
class ReleaseInputs:
    """What is known of a promotion.

    `audits` are the reports and `sources` what packages were made from, by file name. `url` is
    where the channel is public, empty if nowhere; `key` signs.
    """

    number: int
    time: str
    platform: str
    commit: str
    cells: Sequence[PassedCell]
    audits: Mapping[str, AuditReport]
    sources: Mapping[str, Sequence[Source]]
    url: str = ""
    key: Private | None = None


def make(facts: ReleaseInputs, folder: Path, channel: Path) -> contents.Release:
    """Fill the folder of a release, which is there and empty; `channel` is the channel's folder.

    Raises `RefusedError` when what was tested is not what is promoted, and `Damaged` when a
    package is not what it was.
    """
    base = facts.url.rstrip("/") or place(channel).url
    artifacts = {a.filename: a for proven in facts.cells for a in proven.artifacts}
    records = {name: record(artifact) for name, artifact in sorted(artifacts.items())}
    cells = {proven.cell.id: _cell(proven, records) for proven in facts.cells}
    release = contents.Release(
        release=facts.number,
        time=facts.time,
        rootstock=__version__,
        commit=facts.commit,
        platform=facts.platform,
        channel=base,
        cells=cells,
        packages={name: _package(artifacts[name], known, facts) for name, known in records.items()},
        files={},
    )
    files: dict[str, str] = {}
    for id_, cell in cells.items():
        packages = release.of(id_)
        up = "" if facts.url else locks.UP
        made = {
            locks.EXPLICIT: locks.explicit(packages, facts.platform, base),
            locks.PIXI: locks.pixi(packages, records, facts.platform, base, up),
            locks.CONDA_LOCK: locks.conda_lock(packages, records, facts.platform, base),
            "sbom": sbom.write(release, id_, records, facts.sources),
        }
        files |= {cell.files[what]: text for what, text in made.items()}
    if facts.key:
        files[f"{contents.KEYS}/{facts.key.public.id}.pub"] = facts.key.public.pem.decode()
        for package in release.packages.values():
            statement = attest.of_package(package.filename, package.sha256, base)
            name = f"{contents.ATTESTATIONS}/{package.filename}.json"
            files[name] = attest.sign(statement, facts.key)
    hashes = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in files.items()}
    release = replace(release, files=hashes)
    files[contents.RECORD] = text = release.text()
    if facts.key:
        sha256 = hashlib.sha256(text.encode()).hexdigest()
        statement = attest.of_release(contents.RECORD, sha256, base, facts.number)
        files[contents.ATTESTATION] = attest.sign(statement, facts.key)
    for name, text in files.items():
        _write(folder / name, text)
    return release


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)


def _cell(proven: PassedCell, records: Mapping[str, Record]) -> contents.Cell:
    report = proven.smoke
    promoted = {artifact.sha256: artifact.filename for artifact in proven.artifacts}
    tested = [package.sha256 for package in report.packages]
    if proven.suites and not proven.suites.passed:
        raise RefusedError(f"{proven.cell.id}: its packages' own tests did not pass")
    if not (report.passed and promoted.keys() >= set(tested)):
        raise RefusedError(f"{proven.cell.id}: what was tested is not what is promoted")
    ran = [result for result in report.checks if result.outcome != "not run"]
    return contents.Cell(
        root=proven.cell.root,
        python=proven.cell.python,
        specs=proven.specs,
        packages=ordered({promoted[sha256]: records[promoted[sha256]] for sha256 in tested}),
        smoke=contents.Smoke(
            system=report.system,
            glibc=report.glibc,
            checks=tuple(
                contents.Check(name=r.name, seconds=r.seconds, passed=r.outcome == "passed")
                for r in ran
            )
            + _suites(proven),
            not_run={r.name: r.reason for r in report.checks if r.outcome == "not run"},
        ),
        files={
            locks.EXPLICIT: f"{proven.cell.id}.txt",
            locks.PIXI: f"{proven.cell.id}.lock",
            locks.CONDA_LOCK: f"{proven.cell.id}.conda-lock.yml",
            "sbom": f"{proven.cell.id}.cdx.json",
        },
    )


def _suites(proven: PassedCell) -> tuple[contents.Check, ...]:
    """The packages' own tests as checks, which say in their names what came of them."""
    return tuple(
        contents.Check(
            name=f"own tests of {one.package} {one.version}: {one.figures}",
            seconds=one.seconds,
            passed=one.state == "passed",
        )
        for one in (proven.suites.suites if proven.suites else ())
    )


def ordered(records: Mapping[str, Record]) -> tuple[str, ...]:
    """File names, dependencies before what needs them, otherwise by name.

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


def _package(artifact: Artifact, known: Record, facts: ReleaseInputs) -> contents.Package:
    audit = facts.audits[artifact.filename]
    if not audit.passed:
        raise RefusedError(f"{artifact.filename}: it did not pass the audit")
    return contents.Package(
        name=artifact.name,
        version=artifact.version,
        build=artifact.build,
        subdir=artifact.subdir,
        sha256=artifact.sha256,
        md5=known["md5"],
        size=artifact.size,
        key=artifact.key,
        license=known.get("license", ""),
        floor=contents.Floor(declared=audit.declared, proven=audit.proven),
        audit="passed",
    )
