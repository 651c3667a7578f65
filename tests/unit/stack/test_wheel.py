"""What a wheel says of itself is read, and what is none is refused."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rootstock.core.errors import SourceError
from rootstock.stack import wheel

from . import wheels

CHECKOUT = Path(__file__).parents[3]
METADATA = """\
Summary: Buds
  for grafting
Requires-Python: >=3.10
Requires-Dist: scion>=2,<3
Requires-Dist: tomli; python_version < "3.11"
Requires-Dist: pytest; extra == "test"
Home-page: https://old.example.org/bud
Project-URL: Issues, https://example.org/bud/issues
Project-URL: Source, https://example.org/bud
License-Expression: mit
"""
PROGRAMS = b"""\
[console_scripts]
bud = bud.cli:main
grow = bud.cli:grow [extra]
[gui_scripts]
look = bud.look:main
[other]
no = bud:no
"""


def test_all_that_a_package_needs_is_read(tmp_path: Path) -> None:
    files = {
        "bud/__init__.py": b"",
        "INFO/entry_points.txt": PROGRAMS,
        "INFO/licenses/LICENSE.txt": b"MIT",
        "INFO/RECORD": b"",
    }
    found = wheel.read(wheels.make(tmp_path, "bud", metadata=METADATA, files=files))
    assert (found.name, found.version, found.license) == ("bud", "1.0", "MIT")
    assert found.summary == "Buds for grafting"
    assert found.homepage == "https://example.org/bud"
    assert [one.name for one in found.requires] == ["scion", "tomli", "pytest"]
    assert str(found.requires_python) == ">=3.10"
    assert found.entry_points == (
        "bud = bud.cli:main",
        "grow = bud.cli:grow",
        "look = bud.look:main",
    )
    assert found.license_files == ("bud-1.0.dist-info/licenses/LICENSE.txt",)
    assert found.pure and not found.scripts and found.libraries == ()


def test_a_program_in_it_makes_it_a_package_of_one_platform(tmp_path: Path) -> None:
    program = Path(sys.executable).resolve().read_bytes()
    made = wheels.make(tmp_path, "bud", files={"bud/program": program})
    found = wheel.read(made)
    assert not found.pure
    assert any(one.startswith("libc.so.") for one in found.libraries)
    assert wheel.read(made, ["bud/prog*"]).pure


def test_scripts_are_seen(tmp_path: Path) -> None:
    made = wheels.make(tmp_path, "bud", files={"bud-1.0.data/scripts/bud": b"#!python\n"})
    assert wheel.read(made).scripts


def unpacked(made: Path, folder: Path, *drop: str) -> list[str]:
    """What unpack.py puts into a prefix, but for its own files and compiled modules."""
    prefix = folder / "prefix"
    site = prefix / "lib/site-packages"
    site.mkdir(parents=True)
    env = {"PREFIX": str(prefix), "SP_DIR": str(site), "PYTHON": sys.executable, "CPU_COUNT": "1"}
    program = CHECKOUT / "recipes/analysis/wheel/unpack.py"
    argv = [sys.executable, str(program), str(made), *drop]
    subprocess.run(argv, check=True, env={**os.environ, **env}, cwd=folder)
    files = [path for path in prefix.rglob("*") if path.is_file()]
    return [
        path.relative_to(prefix).as_posix().removeprefix("lib/")
        for path in files
        if path.name not in ("RECORD", "INSTALLER") and path.parent.name != "__pycache__"
    ]


def test_the_files_that_it_installs_are_known(tmp_path: Path) -> None:
    """The script recipes/analysis/wheel/unpack.py puts them there."""
    inside = [
        "bud/__init__.py",
        "bud/tests/test_a.py",
        "bud/__pycache__/__init__.cpython-311.pyc",
        "bud/leaf.so",
        "tests/__init__.py",
        "test/a.py",
        "INFO/RECORD",
        "INFO/RECORD.jws",
        "INFO/licenses/LICENSE",
        "bud-1.0.data/scripts/grow",
        "bud-1.0.data/data/share/bud/x",
        "bud-1.0.data/platlib/bud/more.py",
        "bud-1.0.data/purelib/bud/pure.py",
        "bud-1.0.data/headers/bud.h",
    ]
    made = wheels.make(tmp_path, "bud", files=dict.fromkeys(inside, b""))
    known = wheel.read(made, ["bud/*.so"]).files
    assert set(known) == set(unpacked(made, tmp_path, "bud/*.so"))
    assert known == (
        "bin/grow",
        "include/bud/bud.h",
        "share/bud/x",
        "site-packages/bud-1.0.dist-info/METADATA",
        "site-packages/bud-1.0.dist-info/licenses/LICENSE",
        "site-packages/bud/__init__.py",
        "site-packages/bud/more.py",
        "site-packages/bud/pure.py",
        "site-packages/bud/tests/test_a.py",
    )


@pytest.mark.parametrize(
    ("metadata", "files"),
    [
        ("Requires-Dist: not a requirement!\n", {}),
        ("Requires-Python: three\n", {}),
        ("", {"INFO/entry_points.txt": b"no section"}),
        ("", {"other-1.0.dist-info/METADATA": b"Name: other"}),
        ("", {"bud-1.0.data/elsewhere/x": b""}),
    ],
)
def test_what_cannot_be_read_is_reported(
    tmp_path: Path, metadata: str, files: dict[str, bytes]
) -> None:
    made = wheels.make(tmp_path, "bud", metadata=metadata, files=files)
    with pytest.raises(SourceError, match=r"bud-1\.0-py3-none-any\.whl cannot be read as a wheel"):
        wheel.read(made)


@pytest.mark.parametrize("name", ["bud-1.0-py3-none-any.whl", "bud.whl"])
def test_what_is_no_archive_is_reported(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"no archive")
    with pytest.raises(SourceError, match="cannot be read as a wheel"):
        wheel.read(tmp_path / name)
