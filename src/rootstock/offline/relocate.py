"""Relocation: adapts an environment for another place.

Its files are links to those of the installer's cache, so it changes none: it writes new files,
which replace the old ones.
"""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from rootstock.core import process
from rootstock.core.errors import PackFailed
from rootstock.core.seal import sha256_of

# The kernel reads 127 bytes of a script's first line; this is our longest interpreter.
LONGEST = 127 - len("#!/bin/python3.11")
_ENTRY_POINT = "unix_python_entry_point"
_STALE = ("extracted_package_dir", "package_tarball_full_path")


def relocate(prefix: Path, final: PurePosixPath, channel: str) -> None:
    """Adapt the environment in `prefix` for `final`.

    It compiles the Python files so that nothing is left to compile there, and removes this
    machine's paths and times. The records name `channel`.

    Raises `PackFailed` when a file cannot be changed.
    """
    compile_all(prefix, final)
    changed = set(_replace(prefix, final))
    for path in sorted((prefix / "conda-meta").glob("*.json")):
        record = json.loads(path.read_text())
        _write(path, _record(record, prefix, channel, changed).encode())


def compile_all(prefix: Path, final: PurePosixPath) -> None:
    """Compile every Python file outside the standard library, which is compiled already.

    The bytecode ignores its source's time and content: neither will ever change.
    """
    python = prefix / "bin/python"
    files = [path for path in _sources(prefix) if "\n" not in str(path)]
    if not files or not python.exists():
        return
    for path in files:
        for compiled in path.parent.glob(f"__pycache__/{path.stem}.*.pyc"):
            compiled.unlink()
    done = process.run(
        [
            *(python, "-I", "-B", "-m", "compileall", "-q", "-i", "-"),
            *("--invalidation-mode", "unchecked-hash", "-s", prefix, "-p", str(final)),
        ],
        env={},
        stdin="".join(f"{path}\n" for path in files).encode(),
        log=Path(os.devnull),
    )
    # 1 reports files that are not Python, which some packages have among their templates.
    if done.code not in (0, 1):
        raise PackFailed(f"compileall ended with {done.code}")


def _sources(prefix: Path) -> Iterator[Path]:
    for folder in sorted(prefix.glob("lib/python3.*/site-packages")):
        yield from sorted(folder.rglob("*.py"))
    yield from sorted(prefix.glob("lib/*.py"))
    yield from sorted(prefix.glob("lib/root/**/*.py"))


def _replace(prefix: Path, final: PurePosixPath) -> Iterator[str]:
    """Rewrite every file that contains the prefix; yield their relative paths."""
    old, new = os.fsencode(prefix), os.fsencode(final)
    for folder, _, names in os.walk(prefix):
        for name in names:
            path = Path(folder, name)
            relative = str(path.relative_to(prefix))
            if path.is_symlink():
                if str(prefix) in os.readlink(path):
                    raise PackFailed(f"{relative} is a link to {os.readlink(path)}")
                continue
            content = path.read_bytes()
            if old not in content:
                continue
            if b"\0" in content:
                raise PackFailed(f"{relative} is not text, but contains the prefix")
            _write(path, content.replace(old, new))
            yield relative


def _record(record: dict[str, Any], prefix: Path, channel: str, changed: set[str]) -> str:
    """Return the text of a package's record in conda-meta."""
    for name in _STALE:
        record.pop(name, None)
    if "link" in record:
        record["link"]["source"] = ""
    record["url"] = f"{channel}/{record['subdir']}/{record['fn']}"
    record["channel"] = channel
    for entry in record.get("paths_data", {}).get("paths", ()):
        path = prefix / entry["_path"]
        if entry["_path"] in changed or entry["_path"].endswith(".pyc"):
            if path.exists():
                entry["sha256_in_prefix"] = sha256_of(path)
            if entry["path_type"] == _ENTRY_POINT:
                entry["sha256"] = entry["sha256_in_prefix"]
                entry["size_in_bytes"] = path.stat().st_size
    return json.dumps(record, indent=2, sort_keys=True) + "\n"


def _write(path: Path, content: bytes) -> None:
    mode = path.stat().st_mode
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(content)
    part.chmod(mode)
    os.replace(part, path)


def is_sound(final: str) -> bool:
    """Whether a path is valid for an environment: absolute, plain, and short enough."""
    plain = re.fullmatch(r"(/[A-Za-z0-9._+-]+)+", final)
    return bool(plain) and ".." not in final.split("/") and len(final) <= LONGEST
