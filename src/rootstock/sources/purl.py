"""Package URLs: files of package registries, named without any registry's address.

The notation is that of the purl specification (ECMA-427); the part after `#`, a path within
the package there, is the file's name here.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote

from rootstock import names
from rootstock.errors import UsageError

_FORMS = (
    "Write pkg:pypi/NAME@VERSION#FILE, or pkg:deb/debian/NAME@VERSION?arch=source&distro=SUITE#FILE"
)
# Names and versions of both registries; Debian's versions have `:`, `~` and `+`.
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+~:!_-]*")
# The form of a binary distribution's name (PyPA): five parts, or six with a build tag.
_WHEEL = re.compile(r"[^-]+(-[^-]+){4,5}\.whl")


@dataclass(frozen=True, kw_only=True)
class Purl:
    """A file of a package in a registry: `pkg:TYPE/NAME@VERSION?QUALIFIERS#FILENAME`."""

    type: str
    name: str
    version: str
    qualifiers: Mapping[str, str]
    filename: str


def parse(text: str) -> Purl:
    """Read a package URL; raises `UsageError` when it is not one that rootstock can fetch."""
    shown = text if text.isprintable() else names.shown(text)
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
            raise UsageError(f"{shown}: {names.shown(word)} is no {what}", _FORMS)
    try:
        names.file_name(purl.filename)
    except names.NotAllowed as error:
        raise UsageError(f"{shown}: {error}", _FORMS) from error
    if kind == "pypi" and not _WHEEL.fullmatch(purl.filename):
        raise UsageError(
            f"{shown}: {names.shown(purl.filename)} is not the name of a wheel",
            "Write #NAME-VERSION-PYTHON-ABI-PLATFORM.whl, as the index has it.",
        )
    return purl
