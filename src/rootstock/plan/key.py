"""Build keys: sha256 over everything that affects the bytes of a package, and nothing else."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rootstock.sources.source import source_name

# The version of a key's inputs: counts changes to their form.
FORMAT = 2
# Where a build finds its sources: each is SHA256/NAME in this folder.
SOURCES = "/rootstock/sources"
# The parts of a recipe's folder that no build sees (shell patterns of names): the two files that
# enter a key through the rendered recipe, and files that tools leave behind.
UNSEEN = ("recipe.yaml", "variants.yaml", "__pycache__", ".*")
# How the names of files end that belong to the sources that name them.
_OF_SOURCES = (".patch", ".series")
# Characters allowed in a part of a URL's path unescaped (RFC 3986, section 3.3), beside letters.
_PLAIN = "!$&'()*+,;=:@~"


@dataclass(frozen=True, kw_only=True)
class Builder:
    """The builder: the image's digest, and everything else that builds have in common, by name."""

    image: str
    parts: Mapping[str, str]


def builder_of(image_digest: str, facts: Mapping[str, str], files: tuple[Path, ...]) -> Builder:
    """Make the builder from an image, facts (versions, settings), and program files."""
    programs = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
    return Builder(image=image_digest, parts={**facts, **programs})


def as_built(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """Return a rendered recipe as a build gets it; nothing else of it affects the bytes.

    A build knows the sha256 and the name of a source, not where it came from. It does not know
    whether the recipe was ever verified.
    """
    extra = dict(recipe.get("extra", {}))
    if isinstance(own := extra.get("rootstock"), Mapping):
        extra["rootstock"] = {key: value for key, value in own.items() if key != "verified"}
    built = {**recipe, "extra": extra} if extra else dict(recipe)
    if "source" in built:
        built["source"] = [_here(entry) for entry in built["source"]]
    return built


def _here(entry: Mapping[str, Any]) -> dict[str, Any]:
    if "url" not in entry:
        return dict(entry)
    name = quote(source_name(entry), safe=_PLAIN)
    return {**entry, "url": f"file://{SOURCES}/{entry.get('sha256', '')}/{name}"}


def folder_hashes(folder: Path) -> dict[str, str]:
    """Return the files of a recipe's folder as a build sees them: a value for each path.

    The value is the file's sha256, with ` x` behind it for a program; for a link, `-> ` and its
    target.
    """
    return {
        str(path.relative_to(folder)): _hash(path)
        for path in sorted(folder.rglob("*"))
        if (path.is_symlink() or path.is_file())
        and not any(map(unseen, path.relative_to(folder).parts))
    }


def files_of(files: Mapping[str, str], recipe: Mapping[str, Any]) -> dict[str, str]:
    """Return those files of a recipe's folder (`folder_hashes`) that one rendered recipe gets.

    It gets only the patches and series of patches of its own sources: a patch for one version is
    no reason to build the others again.
    """
    sources = recipe.get("source", ())
    named = {name for entry in sources for name in entry.get("patches", ())}
    named |= {str(entry["path"]) for entry in sources if "path" in entry}
    return {
        name: value
        for name, value in files.items()
        if not name.endswith(_OF_SOURCES) or name in named
    }


def _hash(path: Path) -> str:
    if path.is_symlink():
        return f"-> {path.readlink()}"
    program = " x" if path.stat().st_mode & 0o100 else ""
    return hashlib.sha256(path.read_bytes()).hexdigest() + program


def unseen(name: str) -> bool:
    """Whether builds ignore this name in a recipe's folder."""
    return any(fnmatchcase(name, pattern) for pattern in UNSEEN)


def key_inputs(
    recipe: Mapping[str, Any],
    variant: Mapping[str, str],
    files: Mapping[str, str],
    builder: Builder,
    dependencies: Mapping[str, str],
) -> dict[str, Any]:
    """Return the inputs of a build key, in a form that can be compared.

    `recipe` is the recipe as built, with build number 0 (the number is found from the key), `files`
    are the result of `files_of`. `dependencies` are the key and the build number of each package
    that the build and host environments may hold. They are by node id: a name may have several
    nodes, and a package names the files that it was built with.
    """
    return {
        "format": FORMAT,
        "recipe": dict(recipe),
        "variant": dict(variant),
        "files": dict(files),
        "image": builder.image,
        "builder": dict(builder.parts),
        "dependencies": dict(dependencies),
    }


def build_key(inputs: Mapping[str, Any]) -> str:
    """Compute the build key (sha256, hexadecimal) of its inputs."""
    text = json.dumps(inputs, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()
