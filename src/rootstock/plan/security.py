"""Security patches: which vulnerabilities the packages of recipes have fixed, and which not.

Two files say it. A recipe's NAME.series has the patches that it takes from Debian's tarball of its
source. There is one on a line, in the order of Debian's own series. A comment names the CVEs that
the name of the patch does not:

    CVE-2025-6069.patch
    0001-liblzma-Fix-a-buffer-overflow-in-lzma_index_append.patch # CVE-2026-34743

`ci/security.yaml` has, by the sha256 of a source, which CVEs Debian's newest revision of exactly
that source knows: `rootstock security --write` renews it. Only `states` is by hand. Where the
source is a binary package of Debian, it also has which of them that package has fixed.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from rootstock.core import names, yaml_source
from rootstock.core.errors import UsageError
from rootstock.core.yaml_source import Value
from rootstock.plan.fault import Fault
from rootstock.plan.recipe import Output
from rootstock.sources import apt, purl

ENDING = ".series"
TARBALL = apt.OF_DEBIAN
# What a vulnerability is (CycloneDX 1.6, impactAnalysisState); the recipe's own patches say this:
FIXED = "resolved_with_pedigree"
OPEN = ("exploitable", "in_triage")
STATES = (*OPEN, "resolved", "not_affected", "false_positive")
# Why it does no harm (CycloneDX 1.6, impactAnalysisJustification).
JUSTIFICATIONS = (
    *("code_not_present", "code_not_reachable", "requires_configuration", "requires_dependency"),
    *("requires_environment", "protected_by_compiler", "protected_at_runtime"),
    *("protected_at_perimeter", "protected_by_mitigating_control"),
)
_CVE = re.compile(r"CVE-[0-9]{4}-[0-9]{4,}")  # cve.org, "CVE ID syntax"


@dataclass(frozen=True, kw_only=True)
class SecurityPatch:
    """A patch of Debian that a recipe applies, and the CVEs that it is for."""

    name: str
    cves: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Analysis:
    """What somebody found out about a CVE: one of `STATES`, and why."""

    state: str
    why: str
    justification: str = ""


@dataclass(frozen=True, kw_only=True)
class SourceRecord:
    """What Debian's newest revision of a source knows.

    `debian` is the package URL of its tarball, or of a binary package with its changelog; it is
    empty where the mirror has none. `later` are revisions that nobody looked at: the mirror lacks
    their files, or they are of a newer source. `cves` are those that its changelog and its patches
    name for this version of the source, each with the names of its patches. For a binary package,
    `fixed` are those of them that it has fixed, and the rest may be of newer versions.
    """

    debian: str = ""
    sha256: str = ""
    later: tuple[str, ...] = ()
    cves: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    fixed: tuple[str, ...] = ()
    states: Mapping[str, Analysis] = field(default_factory=dict)

    @property
    def revision(self) -> str:
        """The version of Debian's package."""
        return purl.parse(self.debian).version if self.debian else ""


@dataclass(frozen=True, kw_only=True)
class Vulnerability:
    """A vulnerability of a package: its CVE, its state, and the patches that fix it."""

    cve: str
    analysis: Analysis
    patches: tuple[str, ...] = ()

    @property
    def open(self) -> bool:
        """Whether the package may be attacked through it."""
        return self.analysis.state in OPEN


@dataclass(frozen=True, kw_only=True)
class Examined:
    """The vulnerabilities of a package that Debian knows of.

    `debian` is the URL of the file that they are compared with. `patched` is that of the tarball
    whose patches the recipe applies, or Debian's build. Each is empty where there is none.
    """

    debian: str
    patched: str
    later: tuple[str, ...]
    vulnerabilities: tuple[Vulnerability, ...]


def cves_in(text: str) -> tuple[str, ...]:
    """Return the CVEs that a text names, each once."""
    return tuple(dict.fromkeys(_CVE.findall(text)))


def series(text: str) -> list[str]:
    """Return the names in a series of patches: the first word of a line, up to a `#` (quilt(1))."""
    lines = (line.partition("#")[0].split() for line in text.splitlines())
    return [words[0] for words in lines if words]


def patches_of(output: Output) -> tuple[SecurityPatch, ...]:
    """Return the patches of Debian that a recipe applies to an output's source."""
    lines = [
        line
        for entry in output.recipe.get("source") or ()
        if str(entry.get("path", "")).endswith(ENDING)
        for line in (output.folder / entry["path"]).read_text().splitlines()
    ]
    return tuple(
        SecurityPatch(name=name, cves=cves_in(line)) for line in lines for name in series(line)
    )


def tarball_of(output: Output) -> str:
    """Return the URL of the tarball whose patches a recipe applies, or an empty text."""
    urls = (str(entry["url"]) for entry in output.sources)
    return next((url for url in urls if TARBALL in url), "")


def examine(origins: Sequence[Output], known: Mapping[str, SourceRecord]) -> Examined | None:
    """Return what is known about a package, by the outputs whose sources are in it.

    None where nothing was compared.
    """
    sources = dict.fromkeys(str(one["sha256"]) for output in origins for one in output.sources)
    found = [known[sha256] for sha256 in sources if sha256 in known]
    patches = [patch for output in origins for patch in patches_of(output)]
    tarball = next(filter(None, map(tarball_of, origins)), "")
    if not found and not patches:
        return None
    fixed: dict[str, tuple[str, ...]] = {}
    for patch in patches:
        for cve in patch.cves:
            fixed[cve] = (*fixed.get(cve, ()), patch.name)
    every = {cve: _vulnerability(cve, one) for one in found for cve in one.cves}
    every |= {
        cve: Vulnerability(cve=cve, analysis=_FIXED, patches=some) for cve, some in fixed.items()
    }
    return Examined(
        debian=(found[0].debian if found else "") or (tarball if patches else ""),
        patched=tarball if patches else next((one.debian for one in found if one.fixed), ""),
        later=tuple(dict.fromkeys(version for one in found for version in one.later)),
        vulnerabilities=tuple(every[cve] for cve in sorted(every)),
    )


def _vulnerability(cve: str, known: SourceRecord) -> Vulnerability:
    if cve not in known.fixed:
        return Vulnerability(cve=cve, analysis=known.states.get(cve, _UNKNOWN))
    patches = known.cves[cve]
    return Vulnerability(cve=cve, analysis=_BUILT if patches else _SAID, patches=patches)


_FIXED = Analysis(state=FIXED, why="The recipe applies Debian's patches.")
_BUILT = Analysis(state=FIXED, why="Debian built the package with its patches.")
_SAID = Analysis(state="resolved", why="By Debian's changelog the package has the fix.")
_UNKNOWN = Analysis(state="in_triage", why="Nobody has looked at it yet.")


def check(output: Output) -> Iterator[Fault]:
    """Yield the faults of a recipe's series of patches."""
    entries: list[Mapping[str, Any]] = list(output.recipe.get("source") or ())
    places = {
        PurePosixPath(entry.get("target_directory", "."))
        for entry in entries
        if TARBALL in str(entry.get("url", ""))
    }
    for entry in entries:
        path = str(entry.get("path", ""))
        if not path.endswith(ENDING) or not (output.folder / path).is_file():
            continue
        keys = ("source", "path")
        if PurePosixPath(entry.get("target_directory", ".")) not in places:
            message = f"no source with {TARBALL} in its name has the target_directory of {path}"
            yield Fault(keys, message, "docs/recipes.md has an example: Patches of Debian.", path)
        for patch in patches_of(output):
            if not patch.cves:
                message = f"{path} does not say which CVE {names.quoted(patch.name)} is for"
                yield Fault(keys, message, "Write it behind: NAME # CVE-2026-0001", path)


def load(path: Path) -> dict[str, SourceRecord]:
    """Read `ci/security.yaml`, by the sha256 of sources; empty when there is no such file.

    Raises `UsageError` with file and line when an entry is wrong.
    """
    if not path.exists():
        return {}
    entries = yaml_source.read(path).entries()
    return {sha256: _known(sha256, value) for sha256, value in entries.items()}


def _known(sha256: str, value: Value) -> SourceRecord:
    words = ("debian", "sha256", "later", "fixed")
    entry = value.mapping((), (*words, "cves", "states"))
    text = {key: entry[key].text() for key in words if key in entry}
    try:
        names.sha256(sha256)
        if "debian" in text:
            purl.parse(text["debian"])
            names.sha256(text.get("sha256"))
    except (names.NotAllowed, UsageError) as error:
        raise value.fail(str(error)) from error
    cves = entry["cves"].entries() if "cves" in entry else {}
    states = entry["states"].entries() if "states" in entry else {}
    fixed = tuple(text.get("fixed", "").split())
    right = {cve for cve in cves if _CVE.fullmatch(cve)}
    if strange := sorted((states.keys() | cves.keys() | {*fixed}) - right):
        raise value.fail(f"{names.quoted(strange[0])} is not one of the CVEs of {sha256[:12]}")
    return SourceRecord(
        debian=text.get("debian", ""),
        sha256=text.get("sha256", ""),
        later=tuple(text.get("later", "").split()),
        cves={cve: tuple(some.text().split()) for cve, some in cves.items()},
        fixed=fixed,
        states={cve: _state(one) for cve, one in states.items()},
    )


def _state(value: Value) -> Analysis:
    fields = value.mapping(("state", "why"), ("justification",))
    entry = {key: one.text() for key, one in fields.items()}
    for key, allowed in (("state", STATES), ("justification", JUSTIFICATIONS)):
        if key in entry and entry[key] not in allowed:
            raise value.fail(f"{key} is {names.quoted(entry[key])}", f"Known: {', '.join(allowed)}")
    if (entry["state"] == "not_affected") != ("justification" in entry):
        raise value.fail("not_affected, and only that, has a justification")
    return Analysis(**entry)
