import tarfile
from pathlib import Path

import pytest

from rootstock.core.errors import MachineError, UsageError
from rootstock.core.store import Store
from rootstock.sources.local import Interpreter, take

ELF = b"\x7fELF"


def install(prefix: Path, version: str = "3.12.1", library: str = "import sys\n") -> Path:
    """A make-believe interpreter; returns its program."""
    minor = version.rpartition(".")[0]
    for folder in ("bin", f"lib/python{minor}/test", f"lib/python{minor}/site-packages"):
        (prefix / folder).mkdir(parents=True, exist_ok=True)
    program = prefix / f"bin/python{minor}"
    program.write_bytes(ELF + b"\0Python " + version.encode() + b"\0")
    program.chmod(0o755)
    (prefix / f"lib/python{minor}/os.py").write_text(library)
    (prefix / f"lib/python{minor}/test/test_os.py").write_text("assert 0\n")
    (prefix / f"lib/python{minor}/site-packages/mine.py").write_text("secret = 1\n")
    return program


@pytest.fixture(autouse=True)
def _no_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))


def names(taken: Interpreter, store: Store) -> set[str]:
    with tarfile.open(store.source(taken.sha256) / taken.filename) as tar:
        return set(tar.getnames())


def test_an_interpreter_is_its_program_and_its_library(tmp_path: Path, store: Store) -> None:
    taken = take(str(install(tmp_path / "opt")), store)
    assert (taken.cpython, taken.version) == ("3.12", "3.12.1")
    assert names(taken, store) == {"bin/python3.12", "lib/python3.12/os.py"}


def test_its_bytes_decide_its_hash_and_nothing_else_does(tmp_path: Path, store: Store) -> None:
    first = take(str(install(tmp_path / "one")), store)
    again = take(str(install(tmp_path / "two")), store)
    assert first == again
    other = take(str(install(tmp_path / "two", library="import os\n")), store)
    assert other.sha256 != first.sha256


def test_the_newest_of_pyenvs_is_found_behind_its_script(tmp_path: Path, store: Store) -> None:
    for version in ("3.12.1", "3.12.4"):
        install(tmp_path / f"pyenv/versions/{version}", version)
    shim = tmp_path / "path/python3.12"
    shim.parent.mkdir()
    shim.write_text("#!/bin/sh\n")
    shim.chmod(0o755)
    assert take("3.12", store).version == "3.12.4"
    shim.unlink()
    shim.symlink_to(tmp_path / "pyenv/versions/3.12.1/bin/python3.12")
    assert take("3.12", store).version == "3.12.1"


def test_a_link_out_of_the_library_is_left_out(tmp_path: Path, store: Store) -> None:
    program = install(tmp_path / "opt")
    library = tmp_path / "opt/lib/python3.12"
    (library / "sitecustomize.py").symlink_to("/etc/hostname")
    (library / "posix.py").symlink_to("os.py")
    assert names(take(str(program), store), store) == {
        "bin/python3.12",
        "lib/python3.12/os.py",
        "lib/python3.12/posix.py",
    }


def test_what_is_not_there_is_reported(tmp_path: Path, store: Store) -> None:
    with pytest.raises(MachineError, match=r"no python3\.10"):
        take("3.10", store)
    with pytest.raises(UsageError, match="not an interpreter with its library"):
        take(str(tmp_path / "bin/python3.10"), store)
    program = install(tmp_path / "opt")
    program.write_bytes(ELF)
    with pytest.raises(UsageError, match="does not contain its version"):
        take(str(program), store)
