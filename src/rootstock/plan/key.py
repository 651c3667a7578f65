"""Build keys: sha256 over everything that decides a package's bytes, and nothing else."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rootstock.sources.source import source_name

# Counts changes to what a key is made of.
FORMAT = 2
# Where a build finds its sources: each under its sha256, by its name.
SOURCES = "/rootstock/sources"
# What no build gets to see of a recipe's folder (shell patterns of names): the two files that
# are in a key through the rendered recipe, and what tools leave behind.
UNSEEN = ("recipe.yaml", "variants.yaml", "__pycache__", ".*")
# What may stand in a part of a URL's path as it is (RFC 3986, section 3.3), beside letters.
_PLAIN = "!$&'()*+,;=:@~"


@dataclass(frozen=True, kw_only=True)
class Builder:
    """What builds: the image's digest, and all else that builds have in common, by name."""

    image: str
    parts: Mapping[str, str]


def builder_of(image_digest: str, facts: Mapping[str, str], files: tuple[Path, ...]) -> Builder:
    """The builder made of an image, facts (versions, settings), and program files."""
    programs = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
    return Builder(image=image_digest, parts={**facts, **programs})


def as_built(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """A rendered recipe as a build gets it; what is not in there decides no byte.

    A build knows of a source its sha256 and its name, not where it was fetched from, and does
    not know whether the recipe was ever verified.
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
    """What every file of a recipe's folder is that a build sees, by its path in it.

    That is its sha256, with ` x` behind it for a program; for a link, `-> ` and its target.
    """
    return {
        str(path.relative_to(folder)): _hash(path)
        for path in sorted(folder.rglob("*"))
        if (path.is_symlink() or path.is_file())
        and not any(map(unseen, path.relative_to(folder).parts))
    }


def files_of(files: Mapping[str, str], recipe: Mapping[str, Any]) -> dict[str, str]:
    """Of the files of a recipe's folder (`folder_hashes`), what one rendered recipe gets.

    Of patches that is those that its own sources are patched with: a patch for one version is
    no reason to build the others again.
    """
    named = {name for entry in recipe.get("source", ()) for name in entry.get("patches", ())}
    return {
        name: value for name, value in files.items() if not name.endswith(".patch") or name in named
    }


def _hash(path: Path) -> str:
    if path.is_symlink():
        return f"-> {path.readlink()}"
    program = " x" if path.stat().st_mode & 0o100 else ""
    return hashlib.sha256(path.read_bytes()).hexdigest() + program


def unseen(name: str) -> bool:
    """Whether no build sees what has this name in a recipe's folder."""
    return any(fnmatchcase(name, pattern) for pattern in UNSEEN)


def key_inputs(
    recipe: Mapping[str, Any],
    variant: Mapping[str, str],
    files: Mapping[str, str],
    builder: Builder,
    dependencies: Mapping[str, str],
) -> dict[str, Any]:
    """The inputs of a build key, in a form that two can be compared by.

    `recipe` is the recipe as built, with build number 0 (the number is found from the key),
    `files` are what `files_of` gives. `dependencies` are the key and the build number of
    each package that the build and host environments may hold, by its node's id (of one name
    there may be several): a package names the files that it was built with.
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
    """The build key (sha256, hexadecimal) of its inputs."""
    text = json.dumps(inputs, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()
