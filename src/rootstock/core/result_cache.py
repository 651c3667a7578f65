"""Stored results of audits, smoke tests and of reading wheels, by all that they depend on.

A result holds while its files, the system it was made on and the modules of rootstock that decide
it are the same. Any change gives another digest, and the result is made again.
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
    """Return a digest over strings, in their order."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def environments(room: Path) -> str:
    """Return a digest over a room that tests environments, and the one that installs them."""
    return program(room, room.parent / "environment")


@lru_cache
def program(*paths: Path) -> str:
    """Return a digest over some of rootstock's own files, and all files of its folders."""
    found = hashlib.sha256()
    for path in paths:
        for file in (path, *sorted(path.rglob("*"))):
            if file.is_file() and "__pycache__" not in file.parts:
                found.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return found.hexdigest()


def read(path: Path, stage: str, listen: Listener) -> Mapping[str, Any] | None:
    """Return a stored result, or None when there is none or the file was damaged."""
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
    listen(Event(stage=stage, state="note", detail=f"{path} is damaged: rootstock makes it again"))
    return None


def write(path: Path, value: Mapping[str, Any], store: Store) -> None:
    """Store a result with its own hash: a flipped bit could turn a failure into a success."""
    written = {"proof": value, "sha256": digest(_text(value))}
    store.write(path, json.dumps(written, indent=1) + "\n")


def _text(value: Mapping[str, Any]) -> str:
    return json.dumps(value, sort_keys=True)
