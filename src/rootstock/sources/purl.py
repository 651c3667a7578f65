"""Package URLs: files of package registries, named without any registry's address.

The notation is that of the purl specification (ECMA-427); the part after `#`, a path within
the package there, is the file's name here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote

from rootstock.errors import UsageError


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
        raise UsageError(f"{text}: not a package URL of type pypi or deb with a #file name")
    for qualifier in known:
        if qualifier not in purl.qualifiers:
            raise UsageError(f"{text}: lacks {qualifier}=")
    return purl
