"""Rules about the content of a package: names of files, links, scripts, the license.

They check that every client can install the package, on every file system, as the same files.
"""

import mmap
import os
import posixpath
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from rootstock.audit.link import Tree
from rootstock.audit.reading import FileRead
from rootstock.audit.report import Finding, some
from rootstock.audit.subject import InstalledPackage
from rootstock.audit.text import leaks
from rootstock.audit.unpacked import UnpackedPackage
from rootstock.core import process
from rootstock.core.names import NotAllowed, folded, plain, relative_path
from rootstock.stack import licenses

# Scripts that conda runs when it installs or removes a package (its documentation, "Link scripts").
_SCRIPT = re.compile(r"(?:bin/\.|Scripts/\.).*-(?:post-link|pre-link|pre-unlink)\.(?:sh|bat)")


def paths(package: UnpackedPackage, reads: Mapping[str, FileRead]) -> Iterator[Finding]:
    """Yield differences between the files and paths.json."""
    listed = package.listed
    there = {*package.files, *package.links}

    def finding(name: str, what: str) -> Finding:
        return Finding(rule="paths", file=plain(name), message=f"{what}; build the package again.")

    for name in sorted(there - listed.keys()):
        yield finding(name, "is in the package but not in paths.json")
    for name, entry in listed.items():
        kind = entry.get("path_type")
        if kind == "directory":
            if not (package.root / name).is_dir():
                yield finding(name, "is a folder in paths.json but not in the package")
        elif name not in there:
            yield finding(name, "is in paths.json but not in the package")
        elif (kind == "softlink") != (name in package.links):
            yield finding(name, f"is not the {kind} that paths.json says")
        elif name in reads:
            said = (entry.get("size_in_bytes"), entry.get("sha256"))
            if (reads[name].size, reads[name].sha256) != said:
                yield finding(name, "has another size or sha256 than in paths.json")


def build_paths(package: UnpackedPackage, reads: Mapping[str, FileRead]) -> Iterator[Finding]:
    """Yield files that contain a path of the build."""
    marked = {
        name: entry["prefix_placeholder"].encode()
        for name, entry in package.listed.items()
        if entry.get("prefix_placeholder")
    }
    for name in (name for name, one in reads.items() if one.suspect):
        yield from _build_paths(name, package.files[name], marked.get(name, b""))


def installed_build_paths(package: UnpackedPackage, owned: Collection[str]) -> Iterator[Finding]:
    """Yield files of an environment's packages (`owned`) that contain a path of a build.

    The path of the environment, which has replaced the placeholders, is none.
    """
    own = os.fsencode(os.path.abspath(package.root))
    for name, path in package.files.items():
        if name in owned and path.stat().st_size:  # an empty file cannot be mapped
            yield from _build_paths(name, path, own)


def _build_paths(name: str, path: Path, placeholder: bytes) -> Iterator[Finding]:
    process.raise_if_interrupted()
    with (
        path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data,
    ):
        found = list(leaks(data, placeholder))
    if found:
        yield Finding(
            rule="leak",
            file=plain(name),
            message=f"contains {some(found)}, a path of the build; map or strip it in "
            "the build script.",
        )


def names(package: UnpackedPackage) -> Iterator[Finding]:
    """Yield names that a client's file lists or another file system cannot represent."""
    there = sorted({*package.files, *package.links})
    for name in there:
        try:
            relative_path(name)
            odd = "\\" in name
        except NotAllowed:
            odd = True
        if odd:
            yield Finding(
                rule="names",
                file=plain(name),
                message="has a control character, a backslash, bytes that are not UTF-8 or more "
                "than 255 bytes in its name; rename it.",
            )
    spelt: dict[str, set[str]] = {}
    for path in {part for name in there for part in _above(name)}:
        spelt.setdefault(folded(path), set()).add(path)
    for spellings in spelt.values():
        if len(spellings) > 1:
            first, *others = sorted(spellings)
            yield Finding(
                rule="names",
                file=plain(first),
                message=f"equals {plain(', '.join(others))} where case is ignored; "
                "rename or leave out one.",
            )


def _above(name: str) -> Iterator[str]:
    """Yield a path and the paths of the folders above it."""
    while name:
        yield name
        name = posixpath.dirname(name)


def links(
    package: UnpackedPackage, closure: Callable[[], Sequence[UnpackedPackage]]
) -> Iterator[Finding]:
    """Yield links that lead out of the prefix, or to nothing in it.

    `closure` returns the packages that are installed beside it; it is called only if needed.
    """
    yield from outward_links(package)
    inside = {
        name: target for name, target in package.links.items() if not _leads_out(name, target)
    }
    if all(_leads(_tree([package]), name) for name in inside):
        return
    whole = _tree([*closure(), package])
    for name, target in inside.items():
        if not _leads(whole, name):
            yield Finding(
                rule="links",
                file=plain(name),
                message=f"is a link to {plain(target)}, which neither the package nor its "
                "dependencies have; remove it, or add the dependency to the recipe.",
            )


def outward_links(package: UnpackedPackage) -> Iterator[Finding]:
    """Yield links that lead out of the prefix."""
    for name, target in package.links.items():
        if _leads_out(name, target):
            yield Finding(
                rule="leak",
                file=plain(name),
                message=f"is a link to {plain(target)}, out of the prefix; make it lead to a file "
                "of the package, relative to its own folder.",
            )


def _leads_out(name: str, target: str) -> bool:
    path = posixpath.normpath(posixpath.join(posixpath.dirname(name), target))
    return target.startswith("/") or path == ".." or path.startswith("../")


def _tree(packages: Sequence[UnpackedPackage]) -> Tree:
    return Tree(
        {name: path for each in packages for name, path in each.files.items()},
        {name: target for each in packages for name, target in each.links.items()},
    )


def _leads(tree: Tree, name: str) -> bool:
    """Whether a link leads to a file, or to a folder that is not empty."""
    end = tree.follow(name)
    return end is not None and (end in tree.files or end in tree.folders)


def scripts(package: UnpackedPackage) -> Iterator[Finding]:
    """Yield programs that only some clients run at installation."""
    for name in sorted({*package.files, *package.links}):
        if _SCRIPT.fullmatch(name):
            yield Finding(
                rule="scripts",
                file=plain(name),
                message="runs when conda installs it, but not with rootstock: two users would "
                "get two environments. Do the same work in the build script.",
            )


def license_info(package: UnpackedPackage) -> Iterator[Finding]:
    """Yield a finding for a license without name or text."""
    if not package.metadata("index.json").get("license"):
        yield Finding(
            rule="licence",
            file="info/index.json",
            message="names no license; add about.license to the recipe.",
        )
    folder = package.root / "info" / "licenses"
    if not folder.is_dir() or not any(path.is_file() for path in folder.rglob("*")):
        yield Finding(
            rule="licence",
            file="info/licenses",
            message="has no license text; add about.license_file to the recipe.",
        )


def installed_licenses(members: Iterable[InstalledPackage]) -> Iterator[Finding]:
    """Yield a finding for each package of an environment that names no license of SPDX."""
    for one in members:
        if not licenses.spdx(one.license):
            named = f"names the license {plain(one.license)}, which is none of SPDX"
            yield Finding(
                rule="licence",
                file=plain(one.record),
                message=f"{named if one.license else 'names no license'}; correct about.license "
                "in the recipe.",
            )
