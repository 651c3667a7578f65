"""The software bill of materials (SBOM) of a cell: CycloneDX 1.6, as JSON.

Each package is a component, with its license, its hashes, its dependencies, its sources as its
ancestors, and its security patches; `vex` has its vulnerabilities. The libraries of other projects
that a package has in it (`audit.bundled`) are components of its component.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

from rootstock.audit.report import Bundled
from rootstock.channel.index import Record
from rootstock.channel.place import Place
from rootstock.channel.release_model import Package, Release
from rootstock.core import shape
from rootstock.plan.security import Examined
from rootstock.release import vex
from rootstock.sources.source import Source

if TYPE_CHECKING:
    from cyclonedx.model.component import Component
    from cyclonedx.model.license import License


_SONAME = "rootstock:soname"


def write(
    release: Release,
    cell: str,
    records: Mapping[str, Record],
    sources: Mapping[str, Sequence[Source]],
    examined: Mapping[str, Examined] = MappingProxyType({}),
    bundled: Mapping[str, Sequence[Bundled]] = MappingProxyType({}),
) -> str:
    """Write a cell's SBOM; `records`, `sources`, `examined` and `bundled` are by file name.

    The same release gives the same text: its number and time are those of the release.
    """
    from cyclonedx.model.bom import Bom
    from cyclonedx.model.dependency import Dependency
    from cyclonedx.output.json import JsonV1Dot6

    packages = release.of(cell)
    seed = "".join([release.channel, cell, release.time, *(p.sha256 for p in packages)])
    made = {
        p.name: _component(
            p,
            release.channel,
            sources.get(p.filename, ()),
            examined.get(p.filename),
            bundled.get(p.filename, ()),
        )
        for p in packages
    }
    of_cell = release.cells[cell]
    whole = _program(cell, of_cell.version, description=" ".join(of_cell.specs))
    bom = Bom(
        serial_number=uuid.uuid5(uuid.NAMESPACE_URL, seed),
        components=made.values(),
        dependencies=[
            Dependency(
                made[p.name].bom_ref,
                [Dependency(made[name].bom_ref) for name in needed(records[p.filename], made)],
            )
            for p in packages
        ],
        vulnerabilities=vex.vulnerabilities(
            {
                str(made[p.name].bom_ref.value): examined[p.filename]
                for p in packages
                if p.filename in examined
            }
        ),
    )
    bom.metadata.timestamp = datetime.fromisoformat(release.time)
    bom.metadata.component = whole
    bom.metadata.tools.components.add(_program("rootstock", release.rootstock))
    bom.register_dependency(whole, made.values())
    return JsonV1Dot6(bom).output_as_string(indent=1) + "\n"


def _program(name: str, version: str | None, description: str | None = None) -> "Component":
    from cyclonedx.model.component import Component, ComponentType

    kind = ComponentType.APPLICATION
    return Component(name=name, version=version, type=kind, bom_ref=name, description=description)


def needed(record: Record, names: Iterable[str]) -> list[str]:
    """Return the given names that are dependencies of a package in an index."""
    there = set(names)
    return sorted({spec.split()[0] for spec in record.get("depends", ())} & there)


def read(text: str | bytes) -> dict[str, str]:
    """Return the sha256 of the components of an SBOM, by file name.

    Raises `ValueError` when CycloneDX's own library cannot read it, or a component lacks it.
    """
    from cyclonedx.model import HashAlgorithm
    from cyclonedx.model.bom import Bom

    try:
        bom = Bom.from_json(shape.document(text))  # type: ignore[attr-defined]
        found = {}
        for component in bom.components:
            build = component.purl.qualifiers["build"]
            [sha256] = [h.content for h in component.hashes if h.alg is HashAlgorithm.SHA_256]
            found[f"{component.name}-{component.version}-{build}.conda"] = str(sha256)
        return found
    except Exception as error:  # the library reads without checks, and raises errors of many kinds
        raise ValueError(f"is not an SBOM of conda packages: {error!r}") from error


def _component(
    package: Package,
    channel: str,
    sources: Sequence[Source],
    examined: Examined | None,
    bundled: Sequence[Bundled],
) -> "Component":
    from cyclonedx.model import (
        ExternalReference,
        ExternalReferenceType,
        HashAlgorithm,
        HashType,
        XsUri,
    )
    from cyclonedx.model.component import Component, ComponentType, Pedigree
    from packageurl import PackageURL

    purl = PackageURL(
        type="conda",
        name=package.name,
        version=package.version,
        qualifiers={"build": package.build, "subdir": package.subdir, "type": "conda"},
    )
    where = XsUri(Place(channel).at(package.url))
    return Component(
        name=package.name,
        version=package.version,
        type=ComponentType.LIBRARY,
        bom_ref=purl.to_string(),
        purl=purl,
        hashes=[
            HashType(alg=HashAlgorithm.SHA_256, content=package.sha256),
            HashType(alg=HashAlgorithm.MD5, content=package.md5),
        ],
        licenses=[_license(package.license)] if package.license else [],
        external_references=[ExternalReference(type=ExternalReferenceType.DISTRIBUTION, url=where)],
        properties=vex.properties(examined) if examined else [],
        components=[_bundled(one, purl.to_string()) for one in bundled],
        pedigree=Pedigree(
            ancestors=[_source(s, purl.to_string()) for s in sources],
            patches=vex.patches(examined) if examined else [],
        )
        if sources
        else None,
    )


def _license(text: str) -> "License":
    from cyclonedx.model.license import DisjunctiveLicense, LicenseExpression
    from cyclonedx.spdx import is_expression

    return LicenseExpression(text) if is_expression(text) else DisjunctiveLicense(name=text)


def _bundled(library: Bundled, of: str) -> "Component":
    from cyclonedx.model import HashAlgorithm, HashType, Property
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.model.component_evidence import ComponentEvidence, Occurrence

    sha256 = library.sha256
    return Component(
        name=library.name,
        version=library.version or None,
        type=ComponentType.LIBRARY,
        bom_ref=f"{of}#{library.file}" + ("" if sha256 else f":{library.name}"),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=sha256)] if sha256 else [],
        evidence=ComponentEvidence(occurrences=[Occurrence(location=library.file)]),
        properties=[Property(name=_SONAME, value=library.soname)] if library.soname else [],
    )


def _source(source: Source, of: str) -> "Component":
    from cyclonedx.model import (
        ExternalReference,
        ExternalReferenceType,
        HashAlgorithm,
        HashType,
        XsUri,
    )
    from cyclonedx.model.component import Component, ComponentType
    from packageurl import PackageURL

    kind = ExternalReferenceType.SOURCE_DISTRIBUTION
    purls = [url.partition("#")[0] for url in source.urls if url.startswith("pkg:")]
    urls = [url for url in source.urls if not url.startswith("pkg:")]
    return Component(
        name=source.filename,
        type=ComponentType.FILE,
        bom_ref=f"{of}#{source.sha256}",
        purl=PackageURL.from_string(purls[0]) if purls else None,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=source.sha256)],
        external_references=[ExternalReference(type=kind, url=XsUri(url)) for url in urls],
    )
