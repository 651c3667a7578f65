"""Package URLs: names of files in package registries, without a registry's address.

The notation is that of the purl specification (ECMA-427). There the part after `#` is a path within
the package; here it is the file's name.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote

from rootstock.core import names
from rootstock.core.errors import UsageError

_FORMS = (
    "Write pkg:pypi/NAME@VERSION#FILE, or pkg:deb/debian/NAME@VERSION?arch=source&distro=SUITE#FILE"
)
_FILES = (
    "Write #NAME-VERSION-PYTHON-ABI-PLATFORM.whl, or #NAME-VERSION.tar.gz or .zip for a source"
    " distribution, as the index has it."
)
# Names and versions of both registries; Debian's versions contain `:`, `~` and `+`.
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+~:!_-]*")
# The form of a binary distribution's name (PyPA): five parts, or six with a build tag.
_WHEEL = re.compile(r"[^-]+(-[^-]+){4,5}\.whl")
# Source distributions have the first ending since PEP 625; before, some had the second.
_SDISTS = (".tar.gz", ".zip")


@dataclass(frozen=True, kw_only=True)
class Purl:
    """A file of a package in a registry: `pkg:TYPE/NAME@VERSION?QUALIFIERS#FILENAME`."""

    type: str
    name: str
    version: str
    qualifiers: Mapping[str, str]
    filename: str


def parse(text: str) -> Purl:
    """Parse a package URL; raises `UsageError` when rootstock cannot fetch it."""
    shown = text if text.isprintable() else names.quoted(text)
    body, _, filename = text.removeprefix("pkg:").partition("#")
    path, _, query = body.partition("?")
    kind, _, rest = path.partition("/")
    name, _, version = rest.rpartition("@")
    purl = Purl(
        type=kind,
        name=name.rpartition("/")[2],
        version=unquote(version),
        qualifiers=dict(parse_qsl(query)),
        filename=unquote(filename),
    )
    known = {"pypi": (), "deb": ("arch", "distro")}.get(kind)
    complete = purl.name and purl.version and purl.filename
    if not text.startswith("pkg:") or known is None or not complete:
        raise UsageError(
            f"{shown}: not a package URL of type pypi or deb with a #file name", _FORMS
        )
    for qualifier in known:
        if qualifier not in purl.qualifiers:
            raise UsageError(f"{shown}: lacks {qualifier}=", _FORMS)
    words = {"name": purl.name, "version": purl.version}
    words |= {qualifier: purl.qualifiers[qualifier] for qualifier in known}
    for what, word in words.items():
        # They become words of pip's and apt's command lines, and names of files.
        if not _WORD.fullmatch(word):
            raise UsageError(f"{shown}: {names.quoted(word)} is not a {what}", _FORMS)
    try:
        names.file_name(purl.filename)
    except names.NotAllowed as error:
        raise UsageError(f"{shown}: {error}", _FORMS) from error
    if kind == "pypi" and not (is_wheel(purl.filename) or _is_sdist(purl)):
        wanted = f"of a wheel, or of a source distribution of {purl.name} {purl.version}"
        raise UsageError(f"{shown}: {names.quoted(purl.filename)} is not the name {wanted}", _FILES)
    return purl


def is_wheel(filename: str) -> bool:
    """Whether a file is a wheel, by its name.

    >>> is_wheel("pip-26.0-py3-none-any.whl"), is_wheel("pip-26.0.tar.gz")
    (True, False)
    """
    return _WHEEL.fullmatch(filename) is not None


def _is_sdist(purl: Purl) -> bool:
    """Whether the file has the name of a source distribution of this package and version.

    Only a source distribution needs this comparison: the name of a wheel identifies it, but any
    archive may end with `.tar.gz`. Names compare as in PEP 503.
    """
    ends = [f"-{purl.version}{ending}" for ending in _SDISTS]
    found = [purl.filename.removesuffix(end) for end in ends if purl.filename.endswith(end)]
    return any(_normal(name) == _normal(purl.name) for name in found)


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
