"""A source of a package: a file, by its sha256, and where it can be fetched from."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from rootstock.core import names
from rootstock.core.errors import UsageError
from rootstock.core.store import Store
from rootstock.sources import purl


@dataclass(frozen=True, kw_only=True)
class Source:
    """A file to fetch: its addresses, its name and its sha256.

    `instead` is a remedy to show when it cannot be fetched.
    """

    urls: tuple[str, ...]
    sha256: str
    filename: str
    instead: str = ""


def source_of(entry: Mapping[str, object], instead: str = "") -> Source:
    """Return the source of one rendered `source` entry of a recipe."""
    url = entry["url"]
    urls = tuple(url) if isinstance(url, list) else (str(url),)
    try:
        sha256 = names.sha256(entry.get("sha256"))
    except names.NotAllowed as error:
        raise UsageError(f"{urls[0]}: a source needs a sha256: {error}") from error
    if urls[0].startswith("pkg:"):
        purl.parse(urls[0])
    return Source(urls=urls, sha256=sha256, filename=source_name(entry), instead=instead)


def path_in(store: Store, source: Source) -> Path:
    """The path of a source in the store, whether it exists or not."""
    return store.source(source.sha256) / source.filename


def source_name(entry: Mapping[str, Any]) -> str:
    """The file name of a rendered source: its `file_name`, or the last part of its (first) URL.

    In a package URL (purl, ECMA-427) it the name follows the `#`; in others, `?` and `#` end it.
    """
    if name := entry.get("file_name"):
        return str(name)
    url = entry["url"] if isinstance(entry["url"], str) else entry["url"][0]
    if url.startswith("pkg:"):
        return unquote(url.partition("#")[2])
    return unquote(re.split("[?#]", url, maxsplit=1)[0].rpartition("/")[2])
