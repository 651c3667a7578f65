"""Uses interpreters of this machine as sources, for Pythons whose CPython cannot be fetched.

Packages built with one are for trials and are never published: they were linked on this machine and
need its libraries. Planning does not run the interpreter; it may not even run here.
"""

import hashlib
import io
import os
import re
import shutil
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rootstock.core import store as places
from rootstock.core.errors import MachineError, UsageError
from rootstock.core.names import NotAllowed, quoted, user_path
from rootstock.core.store import Store

_NAME = re.compile(r"python(3\.\d+)")
_VERSION = re.compile(r"3\.\d+")
# Folders of a library that no user of ROOT needs, and those of added packages.
_LEFT_OUT = re.compile(
    r"(test|tests|idle_test|idlelib|tkinter|turtledemo|ensurepip|__pycache__|config-.*"
    r"|site-packages|dist-packages)"
)


@dataclass(frozen=True, kw_only=True)
class Interpreter:
    """An interpreter of this machine in the store: its version, and its tar file."""

    cpython: str
    version: str
    sha256: str
    filename: str


def take(asked: str, store: Store) -> Interpreter:
    """Put an interpreter into the store: `asked` is its path, or a version like 3.12.

    It looks for a version on PATH, then among pyenv's. The sha256 covers the interpreter's files
    and the library's, so that another build of it is another source.

    Raises `MachineError` when there is none, and `UsageError` for a path that is no interpreter.
    """
    try:
        program = _find(asked) if _VERSION.fullmatch(asked) else user_path(asked).resolve()
    except (NotAllowed, RuntimeError) as error:
        raise UsageError(f"--local-python {quoted(asked)}: {error}") from error
    named = _NAME.fullmatch(program.name)
    prefix = program.parent.parent
    if not (named and program.is_file() and (prefix / f"lib/{program.name}/os.py").is_file()):
        raise UsageError(
            f"{asked} is not an interpreter with its library beside it",
            "Name a program like PREFIX/bin/python3.12 whose library is PREFIX/lib/python3.12.",
        )
    files = list(_files(prefix, program))
    version = _version(named[1], [prefix / name for name in files[:3]])
    store.prepare()
    with store.scratch("python") as folder:
        ready = folder / "ready"
        ready.mkdir()
        tar = ready / f"python-{version}.tar"
        _pack(prefix, files, tar)
        digest = hashlib.sha256(tar.read_bytes()).hexdigest()
        places.publish(ready, store.source(digest))
    return Interpreter(cpython=named[1], version=version, sha256=digest, filename=tar.name)


def _find(version: str) -> Path:
    pyenv = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()
    found = [Path(program)] if (program := shutil.which(f"python{version}")) else []
    found += sorted(pyenv.glob(f"versions/{version}.*/bin/python{version}"), reverse=True)
    for place in found:
        path = place.resolve()
        # pyenv puts a script on PATH.
        if path.read_bytes()[:4] == b"\x7fELF":
            return path
    raise MachineError(
        f"this machine has no python{version}, neither on PATH nor among pyenv's",
        "Install it, or name another one: --local-python PATH",
    )


def _files(prefix: Path, program: Path) -> Iterator[str]:
    """Yield the paths of the files to take, below the prefix: program and libraries first.

    It includes the headers, which ROOT's interpreter reads.
    """
    yield f"bin/{program.name}"
    for path in sorted((prefix / "lib").glob(f"lib{program.name}*.so*")):
        yield f"lib/{path.name}"
    roots = (prefix / "include" / program.name, prefix / "lib" / program.name)
    for folder, folders, names in (found for root in roots for found in os.walk(root)):
        folders[:] = sorted(name for name in folders if not _LEFT_OUT.fullmatch(name))
        for name in sorted(names):
            path = Path(folder, name)
            # A link that leads out of the library is useless elsewhere.
            if path.is_file() and not (path.is_symlink() and "/" in str(path.readlink())):
                yield str(path.relative_to(prefix))


def _version(minor: str, files: list[Path]) -> str:
    """Return the full version, from the program or its library (PY_VERSION, a C string)."""
    text = re.compile(rb"(?<![\d.])(" + re.escape(minor).encode() + rb"\.\d+)\+?\0")
    for path in files:
        if found := text.search(path.read_bytes()):
            return found[1].decode()
    raise UsageError(f"{files[0]} does not contain its version")


def _pack(prefix: Path, files: list[str], tar: Path) -> None:
    """Write a tar file that depends on the files only, without times and owners."""
    with tarfile.open(tar, "w", format=tarfile.PAX_FORMAT) as out:
        for name in files:
            path, entry = prefix / name, tarfile.TarInfo(name)
            if path.is_symlink():
                entry.type, entry.linkname = tarfile.SYMTYPE, str(path.readlink())
                out.addfile(entry)
                continue
            content = path.read_bytes()
            entry.size, entry.mode = len(content), 0o755 if os.access(path, os.X_OK) else 0o644
            out.addfile(entry, io.BytesIO(content))
