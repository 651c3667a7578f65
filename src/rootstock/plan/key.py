"""Build keys: sha256 over everything that decides a package's bytes, and nothing else."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

# Counts changes to what a key is made of.
_FORMAT = 1
# What no build gets to see of a recipe's folder (shell patterns of names): the two files that
# are in a key through the rendered recipe, and what tools leave behind.
UNSEEN = ("recipe.yaml", "variants.yaml", "__pycache__", ".*")


@dataclass(frozen=True, kw_only=True)
class Builder:
    """What builds: the image's digest, and a fingerprint of the programs that work in it."""

    image: str
    fingerprint: str


def builder_of(image_digest: str, packages: Mapping[str, str], files: tuple[Path, ...]) -> Builder:
    """The builder made of an image, versions of Python packages, and program files."""
    digest = hashlib.sha256(json.dumps(packages, sort_keys=True).encode())
    for file in files:
        digest.update(file.read_bytes())
    return Builder(image=image_digest, fingerprint=digest.hexdigest())


def folder_hashes(folder: Path) -> dict[str, str]:
    """The sha256 of every file of a recipe's folder that a build sees, by its path in it."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(
            str(path.readlink()).encode() if path.is_symlink() else path.read_bytes()
        ).hexdigest()
        for path in sorted(folder.rglob("*"))
        if (path.is_symlink() or path.is_file())
        and not any(map(_unseen, path.relative_to(folder).parts))
    }


def _unseen(name: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in UNSEEN)


def key_inputs(
    recipe: Mapping[str, Any],
    variant: Mapping[str, str],
    files: Mapping[str, str],
    builder: Builder,
    dependencies: Mapping[str, str],
) -> dict[str, Any]:
    """The inputs of a build key, in a form that two can be compared by.

    `recipe` is the rendered recipe with build number 0 (the number is found from the key),
    `dependencies` the key of each package that the build and host environments may hold, by
    its node's id (of one name there may be several).
    """
    return {
        "format": _FORMAT,
        "recipe": dict(recipe),
        "variant": dict(variant),
        "files": dict(files),
        "image": builder.image,
        "builder": builder.fingerprint,
        "dependencies": dict(dependencies),
    }


def build_key(inputs: Mapping[str, Any]) -> str:
    """The build key (sha256, hexadecimal) of its inputs."""
    text = json.dumps(inputs, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()
