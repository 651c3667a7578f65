"""What an SBOM says of vulnerabilities (VEX): fixed ones, harmless ones and open ones.

CycloneDX 1.6 has a vulnerability with its analysis beside the components, and the patches that fix
it in the pedigree of a component. Properties of a component say what it was compared with; without
them, nothing was.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rootstock.core import shape
from rootstock.plan import security
from rootstock.plan.security import OPEN, Examined
from rootstock.sources import purl

if TYPE_CHECKING:
    from cyclonedx.model import Property
    from cyclonedx.model.bom import Bom
    from cyclonedx.model.component import Patch
    from cyclonedx.model.vulnerability import Vulnerability

_COMPARED, _LATER = "rootstock:debian", "rootstock:debian-later"


@dataclass(frozen=True, kw_only=True)
class Stated:
    """What an SBOM says of a vulnerability of a package."""

    cve: str
    package: str
    version: str
    build: str
    state: str
    why: str

    @property
    def open(self) -> bool:
        """Whether the package may be attacked through it."""
        return self.state in OPEN


@dataclass(frozen=True, kw_only=True)
class Statements:
    """What an SBOM says of vulnerabilities.

    `later` are the revisions of Debian that nobody looked at, by package. `untracked` are the
    packages that were compared with nothing.
    """

    stated: tuple[Stated, ...]
    later: Mapping[str, str]
    untracked: tuple[str, ...]


def patches(examined: Examined) -> "list[Patch]":
    """Return the patches of a component's pedigree."""
    from cyclonedx.model import XsUri
    from cyclonedx.model.component import Diff, Patch, PatchClassification
    from cyclonedx.model.issue import IssueClassification, IssueType

    cves: dict[str, list[str]] = {}
    for one in examined.vulnerabilities:
        for name in one.patches:
            cves.setdefault(name, []).append(one.cve)
    return [
        Patch(
            type=PatchClassification.BACKPORT,
            diff=Diff(url=XsUri(_within(examined.patched, f"debian/patches/{name}"))),
            resolves=[IssueType(type=IssueClassification.SECURITY, id=cve) for cve in some],
        )
        for name, some in cves.items()
    ]


def properties(examined: Examined) -> "list[Property]":
    """Return the properties of a component: what it was compared with."""
    from cyclonedx.model import Property

    found = []
    if examined.debian:
        found.append(Property(name=_COMPARED, value=_within(examined.debian)))
    if examined.later:
        found.append(Property(name=_LATER, value=" ".join(examined.later)))
    return found


def vulnerabilities(by_component: "Mapping[str, Examined]") -> "list[Vulnerability]":
    """Return the vulnerabilities of components, by their references: same ones together."""
    from cyclonedx.model.impact_analysis import ImpactAnalysisJustification, ImpactAnalysisState
    from cyclonedx.model.vulnerability import BomTarget, Vulnerability, VulnerabilityAnalysis

    affected: dict[security.Vulnerability, list[str]] = {}
    for reference, examined in by_component.items():
        for one in examined.vulnerabilities:
            affected.setdefault(one, []).append(reference)
    return [
        Vulnerability(
            bom_ref=f"{one.cve}#{references[0]}",
            id=one.cve,
            analysis=VulnerabilityAnalysis(
                state=ImpactAnalysisState(one.analysis.state),
                justification=ImpactAnalysisJustification(one.analysis.justification)
                if one.analysis.justification
                else None,
                detail=one.analysis.why,
            ),
            affects=[BomTarget(ref=reference) for reference in references],
        )
        for one, references in affected.items()
    ]


def _within(tarball: str, path: str = "") -> str:
    """Return the URL of a path in a package, of rootstock's URL of its file (ECMA-427)."""
    from packageurl import PackageURL

    if not tarball.startswith("pkg:"):
        return f"{tarball}#{path}"
    known = purl.parse(tarball)
    return PackageURL(
        type=known.type,
        namespace="debian",
        name=known.name,
        version=known.version,
        qualifiers=dict(known.qualifiers),
        subpath=path or None,
    ).to_string()


def read(text: str | bytes) -> Statements:
    """Return what an SBOM says of vulnerabilities.

    Raises `ValueError` when CycloneDX's own library cannot read it.
    """
    from cyclonedx.model.bom import Bom

    try:
        return _statements(Bom.from_json(shape.document(text)))  # type: ignore[attr-defined]
    except Exception as error:  # the library reads without checks, and raises errors of many kinds
        raise ValueError(f"cannot be read as an SBOM: {error!r}") from error


def _statements(bom: "Bom") -> Statements:
    by_reference = {component.bom_ref.value: component for component in bom.components}
    stated = []
    for one in bom.vulnerabilities:
        analysis = one.analysis
        for target in one.affects:
            component = by_reference[target.ref]
            stated.append(
                Stated(
                    cve=str(one.id),
                    package=component.name,
                    version=str(component.version),
                    build=component.purl.qualifiers["build"],
                    state=str(analysis.state.value),
                    why=str(analysis.detail),
                )
            )
    said = {one.name: {p.name: str(p.value) for p in one.properties} for one in bom.components}
    return Statements(
        stated=tuple(sorted(stated, key=lambda one: (one.package, one.cve))),
        later={name: one[_LATER] for name, one in said.items() if _LATER in one},
        untracked=tuple(sorted(name for name, one in said.items() if _COMPARED not in one)),
    )
