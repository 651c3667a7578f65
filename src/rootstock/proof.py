"""Proofs: results of audits and smoke tests, kept by a digest of all that they depend on.

A proof holds for as long as its packages, the system it was made on and the program that made
it are the same; whatever changes makes another digest, and the proof is made again.
"""

import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from rootstock import store as places


def digest(*parts: str) -> str:
    """A digest over strings, in their order."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


@lru_cache
def program(folder: Path) -> str:
    """A digest over the files of one of rootstock's own packages."""
    found = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            found.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return found.hexdigest()


def read(path: Path) -> Mapping[str, Any] | None:
    """A kept proof, or None when there is none."""
    try:
        value = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def write(path: Path, value: Mapping[str, Any]) -> None:
    """Keep a proof."""
    places.write(path, json.dumps(value, indent=1) + "\n")
