"""Rules about the content of a package: names of files, links, scripts, the license.

They check that every client can install the package, on every file system, as the same files.
"""

import posixpath
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence

from rootstock.audit.link import Tree
from rootstock.audit.report import Finding
from rootstock.audit.unpacked import Package
from rootstock.core.names import NotAllowed, plain, relative_path

# Scripts that conda runs when it installs or removes a package (its documentation, "Link scripts").
_SCRIPT = re.compile(r"(?:bin/\.|Scripts/\.).*-(?:post-link|pre-link|pre-unlink)\.(?:sh|bat)")


def names(package: Package) -> Iterator[Finding]:
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
    for path in {part for name in there for part in _paths(name)}:
        spelt.setdefault(unicodedata.normalize("NFC", path).casefold(), set()).add(path)
    for spellings in spelt.values():
        if len(spellings) > 1:
            first, *others = sorted(spellings)
            yield Finding(
                rule="names",
                file=plain(first),
                message=f"equals {plain(', '.join(others))} where case is ignored; "
                "rename or leave out one.",
            )


def _paths(name: str) -> Iterator[str]:
    """Yield a path and the paths of the folders above it."""
    while name:
        yield name
        name = posixpath.dirname(name)


def links(package: Package, closure: Callable[[], Sequence[Package]]) -> Iterator[Finding]:
    """Yield links that lead out of the prefix, or to nothing in it.

    `closure` returns the packages that are installed beside it; it is called only if needed.
    """
    inside = {}
    for name, target in package.links.items():
        path = posixpath.normpath(posixpath.join(posixpath.dirname(name), target))
        if target.startswith("/") or path == ".." or path.startswith("../"):
            yield Finding(
                rule="leak",
                file=plain(name),
                message=f"is a link to {plain(target)}, out of the prefix; make it lead to a file "
                "of the package, relative to its own folder.",
            )
        else:
            inside[name] = target
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


def _tree(packages: Sequence[Package]) -> Tree:
    return Tree(
        {name: path for each in packages for name, path in each.files.items()},
        {name: target for each in packages for name, target in each.links.items()},
    )


def _leads(tree: Tree, name: str) -> bool:
    """Whether a link leads to a file, or to a folder that is not empty."""
    end = tree.follow(name)
    return end is not None and (end in tree.files or end in tree.folders)


def scripts(package: Package) -> Iterator[Finding]:
    """Yield programs that only some clients run at installation."""
    for name in sorted({*package.files, *package.links}):
        if _SCRIPT.fullmatch(name):
            yield Finding(
                rule="scripts",
                file=plain(name),
                message="runs when conda installs it, but not with rootstock: two users would "
                "get two environments. Do the same work in the build script.",
            )


def license_info(package: Package) -> Iterator[Finding]:
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
