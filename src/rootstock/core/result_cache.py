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

from rootstock.core.progress import Event, Listener
from rootstock.core.store import Store


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


def read(path: Path, stage: str, listen: Listener) -> Mapping[str, Any] | None:
    """A kept proof, or None when there is none, or what is there is not what was written."""
    try:
        text = path.read_text(errors="replace")
    except FileNotFoundError:
        return None
    try:
        written = json.loads(text)
        value: Mapping[str, Any] = written["proof"]
        right = written["sha256"] == digest(_text(value))
    except (ValueError, TypeError, KeyError):
        right = False
    if right:
        return value
    listen(Event(stage=stage, state="note", detail=f"{path} is damaged: it is proven anew"))
    return None


def write(path: Path, value: Mapping[str, Any], store: Store) -> None:
    """Keep a proof, with a hash of itself: a bit that flips may make a failure a success."""
    written = {"proof": value, "sha256": digest(_text(value))}
    store.write(path, json.dumps(written, indent=1) + "\n")


def _text(value: Mapping[str, Any]) -> str:
    return json.dumps(value, sort_keys=True)
