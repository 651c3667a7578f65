"""Rules about what a package has in it: names of files, links, scripts, the licence.

They ask whether every client can install the package, on every file system, as the same files.
"""

import posixpath
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence

from rootstock.audit.link import Tree
from rootstock.audit.report import Finding
from rootstock.audit.unpacked import Package
from rootstock.core.names import NotAllowed, plain, relative_path

# What conda runs when it installs or removes a package (its documentation, "Link scripts").
_SCRIPT = re.compile(r"(?:bin/\.|Scripts/\.).*-(?:post-link|pre-link|pre-unlink)\.(?:sh|bat)")


def names(package: Package) -> Iterator[Finding]:
    """Names that a client's lists of files, or another file system, cannot hold."""
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
                message=f"is one name with {plain(', '.join(others))} where case does not count; "
                "rename or leave out one.",
            )


def _paths(name: str) -> Iterator[str]:
    """A path, and those of the folders it is in."""
    while name:
        yield name
        name = posixpath.dirname(name)


def links(package: Package, closure: Callable[[], Sequence[Package]]) -> Iterator[Finding]:
    """Links that lead out of the prefix, or to nothing in it.

    `closure` gives the packages that are installed beside it; it is asked when it is needed.
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
    """Whether a link leads to a file, or to a folder that has something in it."""
    end = tree.follow(name)
    return end is not None and (end in tree.files or end in tree.folders)


def scripts(package: Package) -> Iterator[Finding]:
    """Programs that some clients run at installation, and others do not."""
    for name in sorted({*package.files, *package.links}):
        if _SCRIPT.fullmatch(name):
            yield Finding(
                rule="scripts",
                file=plain(name),
                message="is run by conda when it installs, and not by rootstock: two users would "
                "get two environments. Do at the build what it does.",
            )


def licence(package: Package) -> Iterator[Finding]:
    """A licence that is not named, or whose text is not there."""
    if not package.metadata("index.json").get("license"):
        yield Finding(
            rule="licence",
            file="info/index.json",
            message="names no licence; add about.license to the recipe.",
        )
    folder = package.root / "info" / "licenses"
    if not folder.is_dir() or not any(path.is_file() for path in folder.rglob("*")):
        yield Finding(
            rule="licence",
            file="info/licenses",
            message="has no licence text; add about.license_file to the recipe.",
        )
