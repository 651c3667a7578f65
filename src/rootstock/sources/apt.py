"""Fetches Debian packages through apt, with folders of its own.

It needs no root, changes nothing of the machine's own apt, and can use any Debian suite on any
machine. The mirror is the one that the machine's apt is configured for, or
`ROOTSTOCK_DEBIAN_MIRROR`.
"""

import fcntl
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rootstock.core import process
from rootstock.core.errors import MachineError, NoSpace, SourceError, means_no_space
from rootstock.core.store import Store

MIRROR_VARIABLE = "ROOTSTOCK_DEBIAN_MIRROR"
_HELPER = "/usr/lib/apt/apt-helper"
_ARCHITECTURES = ("amd64", "all")
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
# Codenames that identify a Debian mirror in the machine's own configuration.
_CODENAMES = ("bullseye", "bookworm", "trixie", "forky", "sid", "stable", "testing", "oldstable")
SECURITY = "-security"  # how the names of suites with security updates end
OF_DEBIAN = ".debian.tar."  # in the name of the file with a source package's patches (dsc(5))
DIFF = ".diff.gz"  # how its name ends in the older format 1.0
# How apt reports that an index, or the mirror, lacks something.
_NOT_FOUND = (
    *("was not found", "Unable to locate", "No packages found"),
    *("Unable to find a source", "Can't find a", "404"),
    "You must put some 'deb-src' URIs",  # so it says for a suite that has nothing yet
)


class NotInSuite(SourceError):
    """The mirror's index of a suite lacks the requested package."""


@dataclass(frozen=True)
class DebianSuite:
    """One suite of Debian, seen through a private apt in `folder`.

    Its index is that of its packages, or of their `sources`.
    """

    name: str
    folder: Path
    sources: bool = False

    @property
    def env(self) -> dict[str, str]:
        """The environment in which apt sees only this suite."""
        own = {"APT_CONFIG": str(self.folder / "apt.conf"), "LC_ALL": "C"}
        return {**os.environ, **own, "DEBIAN_FRONTEND": "noninteractive"}


@dataclass(frozen=True, order=True)
class Pin:
    """One version of a Debian package, as in a lock. `size` is in bytes."""

    name: str
    version: str
    size: int
    sha256: str


def find_suite(store: Store, name: str, *, sources: bool = False) -> DebianSuite:
    """Return a suite without fetching its index.

    Raises `MachineError` when the machine has no apt or no Debian mirror.
    """
    # Without symbolic links: apt's settings contain their own path, and a link may go.
    base = store.registry.resolve() / "apt"
    suite = DebianSuite(name, base / (f"{name}-sources" if sources else name), sources)
    with _locked(suite):
        if not (suite.folder / "complete").exists():
            _configure(suite)
        _write(suite.folder / "apt.conf", _settings(suite))  # changes when the store was moved
    return suite


def open_suite(store: Store, name: str, *, sources: bool = False) -> DebianSuite:
    """Return a suite with its index, which is fetched the first time.

    Raises as `find_suite` does, and `SourceError` when the index cannot be fetched.
    """
    suite = find_suite(store, name, sources=sources)
    with _locked(suite):
        if not (suite.folder / "complete").exists():
            _update(suite)
    return suite


def refresh(suite: DebianSuite) -> None:
    """Fetch the suite's index again."""
    with _locked(suite):
        _update(suite)


def download(suite: DebianSuite, pins: Sequence[Pin], into: Path) -> Mapping[Pin, str]:
    """Download packages into a folder; the caller checks their sha256.

    An index drops a version at each point release. For a missing version, this fetches the index
    again, then tries the archive's pool. It returns the packages that the pool lacks, too, each
    with the suite's present version, or an empty text. In that case the others may be missing as
    well.

    Raises `SourceError` when the download fails.
    """
    try:
        _download(suite, pins, into)
    except NotInSuite:
        refresh(suite)
    else:
        return {}
    present = _present(suite, pins)
    rest = [pin for pin in pins if present.get(pin.name, {}).get("Version") == pin.version]
    gone = {}
    for pin in pins:
        now = present.get(pin.name, {})
        if pin not in rest and not _from_pool(suite, pin, now.get("Source", pin.name), into):
            gone[pin] = now.get("Version", "")
    if rest and not gone:
        _download(suite, rest, into)
    return gone


def _download(suite: DebianSuite, pins: Sequence[Pin], into: Path) -> None:
    _apt(suite, ["apt-get", "-qq", "download", *(f"{p.name}={p.version}" for p in pins)], into)


def _present(suite: DebianSuite, pins: Sequence[Pin]) -> dict[str, dict[str, str]]:
    """Return the paragraphs of packages in the suite's present index, by name."""
    command = ["apt-cache", "--no-all-versions", "show", *(pin.name for pin in pins)]
    try:
        return {
            fields["Package"]: fields for fields in _paragraphs(_apt(suite, command, suite.folder))
        }
    except NotInSuite:  # it has none of them
        return {}


def _from_pool(suite: DebianSuite, pin: Pin, source: str, into: Path) -> bool:
    """Download a package from the archive's pool; return whether the pool had it."""
    # "Source: gcc-defaults (1.203)" where its version differs from the package's.
    folder, version = source.split(" ")[0], pin.version.split(":", 1)[-1]
    for architecture in _ARCHITECTURES:
        address = pool(suite.name, folder, f"{pin.name}_{version}_{architecture}.deb")
        if _fetched(suite, address, into / filename(pin, architecture)):
            return True
    return False


def filename(pin: Pin, architecture: str) -> str:
    """The file name that `download` gives to a package."""
    return f"{pin.name}_{pin.version.replace(':', '%3a')}_{architecture}.deb"


def find(pin: Pin, folder: Path) -> Path:
    """Return the path of a downloaded package; raises `SourceError` when it is missing."""
    for architecture in _ARCHITECTURES:
        if (file := folder / filename(pin, architecture)).exists():
            return file
    raise SourceError(f"{pin.name} {pin.version} was not downloaded")


def download_source(
    store: Store, suite: str, name: str, version: str, filename: str, into: Path
) -> None:
    """Download a tarball of a source package, which the archive names `filename`.

    It tries the archive's pool first. That needs no index, and the pool has a tarball while any
    suite or newer revision uses it, whereas an index drops a version at each point release.
    Otherwise it uses the index of the suite's sources, and downloads all tarballs of upstream, or
    of Debian, of the package. Raises as `open_suite` and `download` do.
    """
    found = find_suite(store, suite, sources=True)
    if not _fetched(found, pool(suite, name, filename), into / filename):
        patches = OF_DEBIAN in filename or filename.endswith(DIFF)
        only = "--diff-only" if patches else "--tar-only"
        command = ["apt-get", "-qq", "source", "--download-only", only, f"{name}={version}"]
        _apt(open_suite(store, suite, sources=True), command, into)


def show_source(suite: DebianSuite, name: str) -> str:
    """Return what the index of a suite's sources says about a source package, or an empty text."""
    try:
        return _apt(suite, ["apt-cache", "showsrc", "--only-source", name], suite.folder)
    except NotInSuite:
        return ""


def source_of(suite: DebianSuite, name: str, version: str) -> tuple[str, str]:
    """Return the name and the version of the source that a package of a suite was built of.

    Raises `NotInSuite` where the suite's index lacks it.
    """
    shown = _apt(suite, ["apt-cache", "show", f"{name}={version}"], suite.folder)
    # "Source: brotli (1.0.9-2)" where its version differs from the package's (deb-control(5)).
    source, _, other = next(_paragraphs(shown)).get("Source", name).partition(" ")
    return source, other.strip("()") or version


def _fetched(suite: DebianSuite, address: str, file: Path) -> bool:
    """Download a file from the mirror; return whether the mirror had it."""
    try:
        _apt(suite, [_HELPER, "-qq", "download-file", address, file.name], file.parent)
    except SourceError:  # a mirror need not answer 404 for a missing file
        file.unlink(missing_ok=True)
        return False
    return True


def pool(suite: str, name: str, filename: str) -> str:
    """Return the address of a source package's file in the pool of a suite's archive.

    Raises as `mirror` does. Source: Debian's Developer's Reference, "The Debian archive".
    """
    section = name[:4] if name.startswith("lib") else name[0]
    part = "updates/main" if suite.endswith(SECURITY) else "main"
    return f"{_archive(suite)}/pool/{part}/{section}/{name}/{filename}"


def _archive(suite: str) -> str:
    """Return the address of the archive that has a suite: that of security updates is apart.

    It is beside the other, as on Debian's own servers: `debian` and `debian-security`.
    """
    address = mirror().rstrip("/")
    return f"{address}{SECURITY}" if suite.endswith(SECURITY) else address


def resolve(suite: DebianSuite, packages: Sequence[str], closure: bool) -> tuple[Pin, ...]:
    """Return the suite's versions of `packages`, with all their dependencies if `closure`."""
    if closure:
        command = ["apt-get", "-s", "--no-install-recommends", "install", "?essential"]
        lines = _apt(suite, [*command, *packages], suite.folder).splitlines()
        found = [line.split()[1] for line in lines if line.startswith("Inst ")]
    else:
        found = list(packages)
    shown = _apt(suite, ["apt-cache", "--no-all-versions", "show", *found], suite.folder)
    pins = {
        Pin(fields["Package"], fields["Version"], int(fields["Size"]), fields["SHA256"])
        for fields in _paragraphs(shown)
    }
    return tuple(sorted(pins))


def _paragraphs(shown: str) -> Iterator[dict[str, str]]:
    """Yield the fields of each package in the output of `apt-cache show`."""
    for paragraph in shown.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in paragraph.splitlines() if ": " in line)
        if "Package" in fields:
            yield fields


def _apt(suite: DebianSuite, command: Sequence[str], cwd: Path) -> str:
    done = process.run(command, env=suite.env, cwd=cwd)
    if done.code:
        reason = done.output.strip() or f"{command[0]} ended with {done.code}"
        if any(words in reason for words in _NOT_FOUND):
            raise NotInSuite(f"Debian {suite.name}: {reason}")
        if means_no_space(reason):
            raise NoSpace(cwd)
        raise SourceError(f"Debian {suite.name}: {reason}", "Check the network connection.")
    return done.output


def _update(suite: DebianSuite) -> None:
    (suite.folder / "complete").unlink(missing_ok=True)
    _apt(suite, ["apt-get", "-qq", "-o", "APT::Update::Error-Mode=any", "update"], suite.folder)
    # Parse it once here, rather than in each of several parallel downloads.
    _apt(suite, ["apt-cache", "gencaches"], suite.folder)
    (suite.folder / "complete").touch()


@contextmanager
def _locked(suite: DebianSuite) -> Iterator[None]:
    suite.folder.mkdir(parents=True, exist_ok=True)
    with (suite.folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _configure(suite: DebianSuite) -> None:
    base = suite.folder
    for name in ("state/lists/partial", "cache/archives/partial", "etc/preferences.d"):
        (base / name).mkdir(parents=True, exist_ok=True)
    (base / "status").touch()
    kind = "deb-src" if suite.sources else "deb"
    signed = f"[signed-by={_KEYRING}] " if _KEYRING.exists() else ""
    _write(base / "etc/sources.list", f"{kind} {signed}{_archive(suite.name)} {suite.name} main\n")


def _write(path: Path, text: str) -> None:
    """Write a file if its text changes: programs that read it may be running."""
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def _settings(suite: DebianSuite) -> str:
    """The settings with which apt sees only this suite, in its present folder."""
    base = suite.folder
    settings = {
        "Dir::State": base / "state",
        "Dir::State::status": base / "status",
        "Dir::Cache": base / "cache",
        "Dir::Etc::sourcelist": base / "etc/sources.list",
        "Dir::Etc::sourceparts": "-",
        "Dir::Etc::preferences": "-",
        "Dir::Etc::preferencesparts": base / "etc/preferences.d",
        "APT::Architecture": "amd64",
        "APT::Architectures": "amd64",
        "Acquire::Languages": "none",
        "Acquire::Retries": "3",
        "Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled": "false",
        "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled": "false",
        "APT::Sandbox::User": "",  # as root, apt would switch to a user who cannot use our folders
        "Debug::NoLocking": "1",
    }
    cleared = ("APT::Update::Post-Invoke", "APT::Update::Post-Invoke-Success")
    text = "".join(f'{key} "{value}";\n' for key, value in settings.items())
    text += "".join(f"#clear {key};\n" for key in (*cleared, "APT::Architectures"))
    return text + 'APT::Architectures { "amd64"; };\n'


def mirror() -> str:
    """Return the address of a Debian mirror: from the variable, or the machine's own.

    Raises `MachineError` when there is neither.
    """
    if chosen := os.environ.get(MIRROR_VARIABLE):
        return chosen
    remedy = (
        f"Set {MIRROR_VARIABLE} to the address of a Debian mirror (needs apt on this machine), "
        "or use another profile."
    )
    form = "$(REPO_URI) $(RELEASE) $(COMPONENT)"
    # Lists the configuration, fetched or not: searching all fetched indexes takes a second.
    command = ["apt-get", "indextargets", "-o", "Dir::State::Lists=/nonexistent"]
    listed = process.run([*command, "--no-release-info", "--format", form, "Created-By: Packages"])
    for line in listed.output.splitlines():
        words = line.split()
        if len(words) == 3 and words[1] in _CODENAMES and words[2] == "main":
            return words[0]
    raise MachineError("apt on this machine has no Debian mirror configured", remedy)
