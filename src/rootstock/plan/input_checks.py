"""Checks the inputs of a build: that sources can be fetched, and the recipe's folder copied.

A build has no network and sees nothing of the machine but its recipe's folder and its sources.
"""

import os
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from rootstock.core import names
from rootstock.core.errors import UsageError
from rootstock.plan.fault import Fault
from rootstock.plan.key import unseen
from rootstock.plan.recipe import Output
from rootstock.sources import purl
from rootstock.sources.source import source_name

_SCHEMES = ("https", "http", "ftp", "file")
_ARCHIVE = "Write url: of a release's archive, and sha256: of that file. A build has no network."


def sources(output: Output) -> Iterator[Fault]:
    """Yield the faults of an output's sources."""
    for entry in output.recipe.get("source") or ():
        if "git" in entry:
            message = f"{output.name} has a source from git, which a build cannot fetch"
            yield Fault(("source", "git"), message, _ARCHIVE, str(entry["git"]))
        elif "path" in entry:
            yield from _path(output, str(entry["path"]))
        elif "url" in entry:
            yield from _url(output, entry)
        yield from _patches(output, entry)
        yield from _placed(entry)


def _placed(entry: Mapping[str, Any]) -> Iterator[Fault]:
    """Check the target of a source: it is below the folder in which the script runs."""
    target = str(entry.get("target_directory", "."))
    if _out(target):
        message = f"the target_directory {names.quoted(target)} is outside of the build's folder"
        remedy = "Write the name of a folder below the one in which scripts start."
        yield Fault(("source", "target_directory"), message, remedy, target)
    if "path" in entry and "file_name" in entry:
        try:
            names.file_name(entry["file_name"])
        except names.NotAllowed as error:
            keys, value = ("source", "file_name"), str(entry["file_name"])
            remedy = "Write a name, and the folder as target_directory:"
            yield Fault(keys, f"file_name: {error}", remedy, value)


def licenses(output: Output) -> Iterator[Fault]:
    """Yield license files that no build can find, whatever its sources contain."""
    given = (output.recipe.get("about") or {}).get("license_file") or ()
    for file in [given] if isinstance(given, str) else given:
        if _out(str(file)):
            message = (
                f"the license_file {names.quoted(file)} is outside of the sources and the recipe"
            )
            remedy = "Write its path in the sources, or put it into the recipe's folder."
            yield Fault(("about", "license_file"), message, remedy, str(file))


def tests(output: Output) -> Iterator[Fault]:
    """Yield files that a test needs and the recipe's folder lacks."""
    for test in output.recipe.get("tests") or ():
        for pattern in map(str, (test.get("files") or {}).get("recipe") or ()):
            there = (str(path.relative_to(output.folder)) for path in output.folder.rglob("*"))
            if not any(fnmatchcase(path, pattern.rstrip("/")) for path in there):
                message = (
                    f"a test needs {names.quoted(pattern)}, which is not in the recipe's folder"
                )
                remedy = "Put it there, or correct its name."
                yield Fault(("tests", "files", "recipe", pattern), message, remedy, pattern)


def _out(path: str) -> bool:
    """Whether a path leads out of its folder."""
    return PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts


def _path(output: Output, path: str) -> Iterator[Fault]:
    keys = ("source", "path")
    parts = PurePosixPath(path).parts
    if _out(path):
        message = (
            f"the source {path} is outside of the recipe's folder, and a build sees nothing else"
        )
        remedy = "Put it into the recipe's folder, or " + _ARCHIVE[0].lower() + _ARCHIVE[1:]
        yield Fault(keys, message, remedy, path)
    elif any(map(unseen, parts)):
        message = f"the source {path} is among the files of a recipe's folder that no build sees"
        yield Fault(keys, message, "Rename it: without a dot at its beginning.", path)
    elif not (output.folder / path).exists():
        message = f"the source {path} is not in the recipe's folder"
        yield Fault(keys, message, "Put it there, or correct the path.", path)


def _url(output: Output, entry: Mapping[str, Any]) -> Iterator[Fault]:
    urls = [
        str(url) for url in (entry["url"] if isinstance(entry["url"], list) else [entry["url"]])
    ]
    keys, first = ("source", "url"), urls[0]
    if "sha256" not in entry:
        only = ", only an md5, for which anybody can forge a file" if "md5" in entry else ""
        message = f"the source {names.quoted(first)} has no sha256{only}"
        yield Fault(
            keys, message, "Write sha256: of the file; the command sha256sum prints it.", first
        )
    for url in urls:
        if reason := _unfetchable(url, output):
            yield Fault(
                keys, f"the source {names.quoted(url)} cannot be fetched: {reason}", "", url
            )
            return
    try:
        names.file_name(source_name(entry))
    except names.NotAllowed as error:
        message = f"the source {names.quoted(first)} has no usable file name ({error})"
        yield Fault(keys, message, "Write file_name: with a name for the file.", first)


def _unfetchable(url: str, output: Output) -> str:
    """Return why a URL can never be fetched, whatever the network offers, or an empty text."""
    if url.startswith("pkg:"):
        try:
            purl.parse(url)
        except UsageError as error:
            return error.message.removeprefix(f"{url}: ")
        return ""
    if url.startswith("local:"):
        own = output.extra.get("origin") == "local"
        return "" if own else "local: is for interpreters of this machine"
    scheme = url.partition(":")[0].lower()
    if scheme not in _SCHEMES:
        return f"{scheme}: is not one of {', '.join(_SCHEMES)} and pkg"
    try:
        if scheme in ("http", "https"):
            names.web_url(url)
        host = urlsplit(url).hostname
    except ValueError as error:
        return str(error)
    if not url.isascii() or " " in url:
        return "write blanks and letters beyond ASCII as %20 and the like"
    return "" if host or scheme == "file" else "it names no host"


def _patches(output: Output, entry: Mapping[str, Any]) -> Iterator[Fault]:
    for patch in entry.get("patches", ()):
        if _out(patch) or not (output.folder / patch).is_file():
            message = f"the patch {names.quoted(patch)} is not in the recipe's folder"
            yield Fault(("source", "patches", patch), message, "Put it there, or correct its name.")


def files(output: Output) -> Iterator[Fault]:
    """Yield the faults of the files in a recipe's folder."""
    for path in sorted(output.folder.rglob("*")):
        parts = path.relative_to(output.folder).parts
        if any(map(unseen, parts)):
            continue
        shown = names.quoted(os.fsencode(Path(*parts)).decode(errors="backslashreplace"))
        try:
            for part in parts:
                names.file_name(part)
        except names.NotAllowed:
            message = f"the file {shown} in the recipe's folder has a name that is not UTF-8 text"
            yield Fault((), message, "Rename it.")
        if path.is_symlink() and _leaves(parts, path):
            message = f"the link {shown} leads out of the recipe's folder"
            yield Fault((), message, "Copy its target into the folder: a build sees nothing else.")


def _leaves(parts: tuple[str, ...], link: Path) -> bool:
    """Whether a link of a folder, `parts` below it, leads out of that folder."""
    target = os.readlink(link)
    within = os.path.normpath(os.path.join(*parts[:-1], target))
    return target.startswith("/") or within == ".." or within.startswith("../")
