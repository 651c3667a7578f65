"""Compares the recipes with what Debian has patched in the same sources.

For each source that Debian has, it reads the newest revision with exactly that source: its
changelog, and the headers of its patches. For a binary package of Debian it reads the newest
revision of the same version, and which entries of the changelog the package was built with. It also
reads what Debian has patched since then in newer versions. The result is `ci/security.yaml`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import takewhile

import yaml

from rootstock.core import process
from rootstock.core.checkout import Checkout
from rootstock.core.errors import SourceError
from rootstock.core.progress import Event, Listener
from rootstock.core.seal import sha256_of
from rootstock.core.store import Store
from rootstock.maintain import changelog
from rootstock.maintain.changelog import upstream
from rootstock.plan import security
from rootstock.plan.recipe import Output
from rootstock.plan.rendering import load_matrix, render_recipes
from rootstock.plan.security import SourceRecord, Vulnerability
from rootstock.sources import apt, purl, revisions
from rootstock.sources.fetch import load_registry
from rootstock.sources.purl import Purl
from rootstock.sources.revisions import Revision

_HEAD = """\
# What Debian knows of vulnerabilities in the sources of the recipes, by the sha256 of a source.
# `rootstock security --write` renews all of it but `states`: these are by hand, in CycloneDX's
# words, for a CVE that the recipe does not patch. docs/recipes.md has more.
"""
_KEEPS = "sid"  # the suite that has sources which its other revisions replaced, for what needs them
# Debian's newer stable suites: what they patch may be wrong in an older version as well.
_NEWER = ("bookworm", "trixie")
_Suites = Callable[[str], Iterable[apt.DebianSuite]]


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
        learn = _of_source if _is_source(asked) else _of_binary
        known = learn(asked, sha256, old.get(sha256, SourceRecord()), suites, store)
        found.append(_surveyed(sha256, outputs, known))
        listen(Event(stage="security", item=asked.name, state="done"))
    return found


def _of_source(
    asked: Purl, sha256: str, before: SourceRecord, suites: _Suites, store: Store
) -> SourceRecord:
    """Return what Debian knows about a source."""

    def same(one: Revision) -> bool:
        return sha256 in one.files.values()

    own = revisions.of_package(suites(asked.qualifiers["distro"]), asked.name)
    found, later = _newest(own, same, store)
    if not found:
        kept = filter(same, revisions.of_package(suites(_KEEPS), asked.name))
        every = {one.version: one for one in (*kept, *own)}
        found, later = _newest(revisions.newest_first(every.values()), same, store)
    if not found:
        return replace(before, later=later)
    return _known(found, later, changelog.read(found.texts, found.version), before)


def _of_binary(
    asked: Purl, sha256: str, before: SourceRecord, suites: _Suites, store: Store
) -> SourceRecord:
    """Return what Debian knows about the source of a binary package.

    Where the mirror has no revision of it any more, the package itself has its changelog. Its suite
    may get no patches any more. So what Debian has named for newer versions since the last of them
    counts, too: somebody has to look at it.
    """
    suite = apt.open_suite(store, asked.qualifiers["distro"])
    name, built = apt.source_of(suite, asked.name, asked.version)
    own = revisions.of_package(suites(suite.name), name)
    found, later = _newest(own, lambda one: upstream(one.version) == upstream(built), store)
    if not found:
        found = _inside(asked, sha256, built, suite, store)
        later = tuple(takewhile(lambda version: version != built, later))
    cves = changelog.read(found.texts, found.version)
    fixed = changelog.fixed_in(found.texts, found.version, built)
    last = changelog.entries(found.texts)[0].date
    for newer in _NEWER:
        other, _ = _newest(revisions.of_package(suites(newer), name), lambda _: True, store)
        since = changelog.named_since(other.texts, last) if other else ()
        cves |= {cve: () for cve in since if cve not in cves}
    return _known(found, later, cves, before, fixed)


def _known(
    found: "_Found",
    later: tuple[str, ...],
    cves: Mapping[str, tuple[str, ...]],
    before: SourceRecord,
    fixed: tuple[str, ...] = (),
) -> SourceRecord:
    return SourceRecord(
        debian=found.url,
        sha256=found.sha256,
        later=later,
        cves=cves,
        fixed=fixed,
        states={cve: state for cve, state in before.states.items() if cve in cves},
    )


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
    if known.fixed:
        entry["fixed"] = " ".join(sorted(known.fixed))
    if known.states:
        entry["states"] = {
            cve: {key: value for key, value in vars(known.states[cve]).items() if value}
            for cve in sorted(known.states)
        }
    return entry


def _by_source(checkout: Checkout, registry: Mapping[str, str]) -> Mapping[str, list[Output]]:
    """Return the outputs that are made of each source or package of Debian, by its sha256."""
    matrix = load_matrix(checkout)
    found: dict[str, list[Output]] = {}
    for output in render_recipes(checkout.recipes, matrix, matrix.cells):
        for entry in output.sources if output.complete else ():
            if _address(output, entry["sha256"], registry):
                found.setdefault(entry["sha256"], []).append(output)
    return found


def _address(output: Output, sha256: str, registry: Mapping[str, str]) -> str:
    """Return the package URL of an upstream source, or a binary package, in Debian's archive.

    The text is empty for others: also for a binary package that is only a part of a package, or is
    for builds.
    """
    [entry, *_] = [one for one in output.sources if one["sha256"] == sha256]
    url = registry.get(sha256, str(entry["url"]))
    if not url.startswith("pkg:deb/") or apt.OF_DEBIAN in url:
        return ""
    whole = output.extra.get("origin") == "deb" and output.extra.get("scope") != "image"
    return url if whole or _is_source(purl.parse(url)) else ""


def _is_source(asked: Purl) -> bool:
    return asked.qualifiers["arch"] == "source"


@dataclass(frozen=True, kw_only=True)
class _Found:
    """A revision: the file that says what is in it, and its changelog and patches by name."""

    version: str
    url: str
    sha256: str
    texts: Mapping[str, str]


def _newest(
    candidates: Iterable[Revision], wanted: Callable[[Revision], bool], store: Store
) -> tuple[_Found | None, tuple[str, ...]]:
    """Return the first revision that is wanted and whose tarball the mirror has.

    Also returns the versions of those before it.
    """
    later: list[str] = []
    for one in candidates:
        if wanted(one) and (texts := _texts(one, store)):
            sha256 = one.files[one.tarball]
            found = _Found(version=one.version, url=one.purl, sha256=sha256, texts=texts)
            return found, tuple(later)
        later.append(one.version)
    return None, tuple(later)


def _texts(one: Revision, store: Store) -> dict[str, str]:
    """Return the changelog and the patches of a revision; nothing where the mirror lacks them."""
    if not one.tarball:
        return {}
    with store.scratch("security") as folder:
        try:
            apt.download_source(store, one.suite, one.name, one.version, one.tarball, folder)
        except SourceError:
            return {}
        file = folder / one.tarball
        if sha256_of(file) != one.files[one.tarball]:
            raise SourceError(f"{one.purl} has another sha256 than Debian's index says")
        return changelog.unpack(file)


def _inside(asked: Purl, sha256: str, built: str, suite: apt.DebianSuite, store: Store) -> _Found:
    """Return what a binary package says of the revision that it was built of."""
    pin = apt.Pin(asked.name, asked.version, 0, sha256)
    with store.scratch("security") as folder:
        apt.download(suite, [pin], folder)
        file = apt.find(pin, folder)
        if sha256_of(file) != sha256:
            raise SourceError(f"{asked.filename} has another sha256 than the recipe says")
        texts = changelog.of_package(file, asked.name, folder / "unpacked")
    query = f"arch={asked.qualifiers['arch']}&distro={suite.name}"
    url = f"pkg:deb/debian/{asked.name}@{asked.version}?{query}#{asked.filename}"
    return _Found(version=built, url=url, sha256=sha256, texts=texts)


def _surveyed(sha256: str, outputs: list[Output], known: SourceRecord) -> Surveyed:
    first = outputs[0]
    examined = security.examine([first], {sha256: known})
    taken = {entry["sha256"] for entry in first.sources}
    return Surveyed(
        source=sha256,
        packages=tuple(dict.fromkeys(output.name for output in outputs)),
        version=first.version,
        known=known,
        vulnerabilities=examined.vulnerabilities if examined else (),
        outdated=bool(security.tarball_of(first) and known.sha256 not in taken),
    )
