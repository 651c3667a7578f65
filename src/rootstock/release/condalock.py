"""Locks in the format of conda-lock, `conda-lock.yml` (CEP 37), version 1.

Such a file names each package by an address, with its hashes and its dependencies. It cannot
contain relative paths.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from rootstock.channel.place import Place
from rootstock.channel.release_model import Package

_VERSION = 1


def write(
    packages: Sequence[Package], depends: Mapping[str, Sequence[str]], platform: str, channel: str
) -> str:
    """Write a lock: the packages in their order, at their addresses in `channel`.

    `depends` are the dependencies of each package from an index, by file name.
    """
    entries = [
        {
            "name": package.name,
            "version": package.version,
            "manager": "conda",
            "platform": platform,
            "dependencies": _dependencies(depends[package.filename]),
            "url": Place(channel).at(package.url),
            "hash": {"md5": package.md5, "sha256": package.sha256},
            "build": package.build,
            "category": "main",
            "optional": False,
        }
        for package in packages
    ]
    metadata = {
        "content_hash": {platform: _content_hash(packages)},
        "channels": [{"url": channel, "used_env_vars": []}],
        "platforms": [platform],
        "sources": [],
    }
    lock = {"version": _VERSION, "metadata": metadata, "package": entries}
    return yaml.safe_dump(lock, sort_keys=False, default_flow_style=False, width=1000)


def is_one(lock: Any) -> bool:
    """Whether the content of a YAML file is such a lock, judging by its outermost keys."""
    return isinstance(lock, dict) and "package" in lock and "metadata" in lock


def entries(lock: Any, platform: str) -> list[dict[str, Any]]:
    """Return the packages of a lock that an environment for `platform` gets.

    Each has `url`, `sha256` and `md5`, as in the lock. Raises `ValueError` when the lock has
    another version, is for other platforms, or has a package that is not conda's.
    """
    if lock.get("version", _VERSION) != _VERSION:
        raise ValueError(f"is a conda-lock.yml of version {lock['version']}, not {_VERSION}")
    if platform not in lock["metadata"]["platforms"]:
        raise ValueError(f"is not a lock for {platform}")
    found = []
    for entry in lock["package"]:
        if entry["platform"] != platform or entry.get("category", "main") != "main":
            continue
        if entry["manager"] != "conda":
            raise ValueError(f"has a package that is not conda's: {entry['name']}")
        hashes = entry["hash"]
        found.append(
            {"url": entry["url"], "sha256": hashes["sha256"], "md5": hashes.get("md5") or ""}
        )
    return found


def _dependencies(specs: Sequence[str]) -> dict[str, str]:
    """Group dependencies by name; both of two constraints of a name must hold."""
    found: dict[str, str] = {}
    for spec in specs:
        name, _, constraint = spec.partition(" ")
        both = (found.get(name, ""), constraint.strip())
        found[name] = ",".join(part for part in both if part)
    return found


def _content_hash(packages: Sequence[Package]) -> str:
    """Return a hash of the locked packages, the same wherever they are."""
    lines = sorted(f"{package.url} {package.sha256}\n" for package in packages)
    return hashlib.sha256("".join(lines).encode()).hexdigest()
