"""Compares the recipes with what Debian has patched in the same sources.

For each source that Debian has, it reads the newest revision with exactly that source: its
changelog, and the headers of its patches. The result is `ci/security.yaml`.
"""

import re
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

import yaml

from rootstock.core import process
from rootstock.core.checkout import Checkout
from rootstock.core.errors import SourceError
from rootstock.core.progress import Event, Listener
from rootstock.core.seal import sha256_of
from rootstock.core.store import Store
from rootstock.plan import patches, security
from rootstock.plan.recipe import Output
from rootstock.plan.rendering import load_matrix, render_recipes
from rootstock.plan.security import SourceRecord, Vulnerability, cves_in
from rootstock.sources import apt, purl, revisions
from rootstock.sources.fetch import load_registry
from rootstock.sources.revisions import Revision

_HEAD = """\
# What Debian knows of vulnerabilities in the sources of the recipes, by the sha256 of a source.
# `rootstock security --write` renews all of it but `states`: these are by hand, in CycloneDX's
# words, for a CVE that the recipe does not patch. docs/recipes.md has more.
"""
_KEEPS = "sid"  # the suite that has sources which its other revisions replaced, for what needs them
_ENTRY = re.compile(r"^\S+ \(([^)]+)\) ", re.MULTILINE)  # deb-changelog(5)


@dataclass(frozen=True, kw_only=True)
class Surveyed:
    """A source, the packages that are made of it, and what is known about them.

    `outdated` is whether the recipe takes patches of another revision than `known` has.
    """

    source: str
    packages: tuple[str, ...]
    version: str
    known: SourceRecord
    vulnerabilities: tuple[Vulnerability, ...]
    outdated: bool


def survey(checkout: Checkout, store: Store, listen: Listener) -> list[Surveyed]:
    """Ask Debian's archives about every source of the recipes that Debian has.

    States are those of the present `ci/security.yaml`, where the CVE is still known. Where the
    mirror has no revision any more, all of its entry stays. Raises as planning does, and
    `SourceError` when an archive does not answer.
    """
    old, registry = security.load(checkout.security), load_registry(checkout.sources)
    suites = cache(partial(revisions.suites, store))
    found = []
    for sha256, outputs in _by_source(checkout, registry).items():
        asked = purl.parse(_address(outputs[0], sha256, registry))
        process.raise_if_interrupted()
        listen(Event(stage="security", item=asked.name, state="start"))
        own = revisions.of_package(suites(asked.qualifiers["distro"]), asked.name)
        before = old.get(sha256, SourceRecord())
        known = _newest(own, sha256, before, store)
        if not known.debian:
            kept = revisions.of_package(suites(_KEEPS), asked.name)
            same = [one for one in kept if sha256 in one.files.values()]
            other = _newest(same, sha256, before, store)
            known = replace(other if other.debian else before, later=known.later)
        found.append(_surveyed(sha256, outputs, known))
        listen(Event(stage="security", item=asked.name, state="done"))
    return found


def text_of(found: list[Surveyed]) -> str:
    """Write `ci/security.yaml`, in the order of the recipes."""
    entries = {one.source: _plain(one.known) for one in found}
    return _HEAD + yaml.safe_dump(entries, sort_keys=False, allow_unicode=True, width=100)


def _plain(known: SourceRecord) -> dict[str, object]:
    entry: dict[str, object] = {}
    if known.debian:
        entry = {"debian": known.debian, "sha256": known.sha256}
    if known.later:
        entry["later"] = " ".join(known.later)
    if known.cves:
        entry["cves"] = {cve: " ".join(known.cves[cve]) for cve in sorted(known.cves)}
    if known.states:
        entry["states"] = {
            cve: {key: value for key, value in vars(known.states[cve]).items() if value}
            for cve in sorted(known.states)
        }
    return entry


def _by_source(checkout: Checkout, registry: Mapping[str, str]) -> Mapping[str, list[Output]]:
    """Return the outputs that are made of each source that Debian has, by its sha256."""
    matrix = load_matrix(checkout)
    found: dict[str, list[Output]] = {}
    for output in render_recipes(checkout.recipes, matrix, matrix.cells):
        for entry in output.sources if output.complete else ():
            if _address(output, entry["sha256"], registry):
                found.setdefault(entry["sha256"], []).append(output)
    return found


def _address(output: Output, sha256: str, registry: Mapping[str, str]) -> str:
    """Return the package URL of an upstream source in Debian's archive, or an empty text."""
    [entry, *_] = [one for one in output.sources if one["sha256"] == sha256]
    url = registry.get(sha256, str(entry["url"]))
    is_source = url.startswith("pkg:deb/") and purl.parse(url).qualifiers["arch"] == "source"
    return url if is_source and apt.OF_DEBIAN not in url else ""


def _newest(
    candidates: Iterable[Revision], source: str, old: SourceRecord, store: Store
) -> SourceRecord:
    """Return what the newest revision of a source knows that the mirror has.

    Without such a revision, nothing is known but that all of them are later.
    """
    later: list[str] = []
    for one in candidates:
        cves = _cves(one, store) if source in one.files.values() else None
        if cves is None:
            later.append(one.version)
            continue
        return SourceRecord(
            debian=one.purl,
            sha256=one.files[one.tarball],
            later=tuple(later),
            cves=cves,
            states={cve: state for cve, state in old.states.items() if cve in cves},
        )
    return SourceRecord(later=tuple(later))


def _cves(one: Revision, store: Store) -> dict[str, tuple[str, ...]] | None:
    """Return the CVEs of a revision, as `read` does; None where the mirror lacks its tarball."""
    if not one.tarball:
        return None
    with store.scratch("security") as folder:
        try:
            apt.download_source(store, one.suite, one.name, one.version, one.tarball, folder)
        except SourceError:
            return None
        file = folder / one.tarball
        if sha256_of(file) != one.files[one.tarball]:
            raise SourceError(f"{one.purl} has another sha256 than Debian's index says")
        return read(file, one.version)


def read(tarball: Path, version: str) -> dict[str, tuple[str, ...]]:
    """Return the CVEs that a tarball of a revision names, each with the names of its patches.

    These are the CVEs of its patches, and of the changelog's entries for the same upstream version.
    """
    with tarfile.open(tarball) as tar:
        texts = {
            member.name: tar.extractfile(member).read().decode(errors="replace")  # type: ignore[union-attr]
            for member in tar
            if member.isfile() and member.name.startswith(("debian/changelog", "debian/patches/"))
        }
    found: dict[str, tuple[str, ...]] = {}
    for cve in cves_in("".join(_entries(texts.get("debian/changelog", ""), version))):
        found[cve] = ()
    for name in security.series(texts.get("debian/patches/series", "")):
        header = patches.header(texts.get(f"debian/patches/{name}", ""))
        for cve in cves_in(f"{name} {header}"):
            found[cve] = (*found.get(cve, ()), name)
    return found


def _entries(changelog: str, version: str) -> Iterator[str]:
    """Yield the entries of a changelog for the upstream version of a revision."""
    wanted = _upstream(version)
    _, *parts = _ENTRY.split(changelog)
    for own, text in zip(parts[::2], parts[1::2], strict=True):
        if _upstream(own) == wanted:
            yield text


def _upstream(version: str) -> str:
    """Return the upstream part of a version (deb-version(7)).

    >>> _upstream("1:1.3.dfsg+really1.3.1-1+deb13u1")
    '1.3.dfsg+really1.3.1'
    """
    return version.rpartition("-")[0].partition(":")[2] or version.rpartition("-")[0]


def _surveyed(sha256: str, outputs: list[Output], known: SourceRecord) -> Surveyed:
    first = outputs[0]
    examined = security.examine(first, {sha256: known})
    taken = {entry["sha256"] for entry in first.sources}
    return Surveyed(
        source=sha256,
        packages=tuple(dict.fromkeys(output.name for output in outputs)),
        version=first.version,
        known=known,
        vulnerabilities=examined.vulnerabilities if examined else (),
        outdated=bool(security.tarball_of(first) and known.sha256 not in taken),
    )
