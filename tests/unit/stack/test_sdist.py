"""What a source distribution says of itself is read, not run, and what it lacks is told."""

from pathlib import Path

import pytest
from packaging.requirements import Requirement

from rootstock.errors import SourceError, UsageError
from rootstock.stack import sdist
from rootstock.stack.wanted import Known

from . import sdists

UNKNOWN = Known(source=True, why="no wheel")
EGG = "bud.egg-info"
OLD, NEW = "Metadata-Version: 1.1\n", "Metadata-Version: 2.2\n"
# To run it, or to import what is beside it, would fail.
SETUP = {"setup.py": "raise SystemExit('setup.py was run')\n"}
REQUIRES = """\
scion>=2,<3

[:python_version < "3.11"]
tomli

[test]
pytest

[test:sys_platform == "linux"]
xvfb
"""
PROGRAMS = "[console_scripts]\nbud = bud.cli:main [extra]\n"
PROJECT = '[project]\nname = "bud"\nversion = "1.0"\n'


def requires(path: Path, known: Known = UNKNOWN) -> set[Requirement]:
    return set(sdist.read(path, known).requires)


@pytest.mark.parametrize("ending", sdist.ENDINGS)
def test_all_that_a_package_needs_is_read(tmp_path: Path, ending: str) -> None:
    files = {
        f"src/{EGG}/requires.txt": REQUIRES,
        f"src/{EGG}/entry_points.txt": PROGRAMS,
        "LICENSE.rst": "MIT",
        "docs/LICENSE": "of the manual",
        **SETUP,
    }
    told = f"{OLD}Summary: Buds\nHome-page: https://example.org/bud\nLicense: GPLv3+\n"
    found = sdist.read(sdists.make(tmp_path, told, files, ending), UNKNOWN)
    assert (found.name, found.version, found.summary) == ("bud", "1.0", "Buds")
    assert (found.license, found.homepage) == ("GPL-3.0-or-later", "https://example.org/bud")
    assert found.license_files == ("bud-1.0/LICENSE.rst",)
    assert found.entry_points == ("bud = bud.cli:main",)
    assert found.pure and found.libraries == ()
    assert set(found.requires) == {
        Requirement("scion>=2,<3"),
        Requirement('tomli; python_version < "3.11"'),
        Requirement('pytest; extra == "test"'),
        Requirement('xvfb; sys_platform == "linux" and extra == "test"'),
    }


@pytest.mark.parametrize(
    ("metadata", "files"),
    [
        (f"{NEW}Requires-Dist: scion\n", {f"{EGG}/requires.txt": "other"}),
        (OLD, {f"{EGG}/requires.txt": "scion"}),
        # What may change while it is built is no answer; the next place is asked.
        (
            f"{NEW}Dynamic: Requires-Dist\nRequires-Dist: other\n",
            {f"{EGG}/requires.txt": "scion"},
        ),
        (OLD, {"pyproject.toml": f'{PROJECT}dependencies = ["scion"]\n'}),
        (OLD, {"setup.cfg": "[options]\ninstall_requires =\n    scion\n"}),
    ],
)
def test_the_first_place_that_tells_the_requirements_counts(
    tmp_path: Path, metadata: str, files: dict[str, str]
) -> None:
    assert requires(sdists.make(tmp_path, metadata, {**files, **SETUP})) == {Requirement("scion")}


@pytest.mark.parametrize(
    ("metadata", "files"),
    [
        (NEW, {}),
        (OLD, {f"{EGG}/SOURCES.txt": "setup.py\n"}),
        (OLD, {"pyproject.toml": PROJECT}),
    ],
)
def test_that_it_requires_nothing_can_be_told(
    tmp_path: Path, metadata: str, files: dict[str, str]
) -> None:
    assert requires(sdists.make(tmp_path, metadata, files)) == set()


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"pyproject.toml": f'{PROJECT}dynamic = ["dependencies"]\n'},
        {"setup.cfg": "[options]\ninstall_requires = file: requirements.txt\n"},
        {"setup.cfg": "[metadata]\nname = bud\n"},
    ],
)
def test_requirements_that_only_its_code_knows_are_people_s_to_write(
    tmp_path: Path, files: dict[str, str]
) -> None:
    made = sdists.make(tmp_path, OLD, {**files, **SETUP})
    with pytest.raises(UsageError, match="does not tell what it requires") as caught:
        requires(made)
    assert "depends = [...] below [packages.bud]" in caught.value.remedy
    assert requires(made, Known(source=True, depends=(), why="it says so")) == set()


def test_what_people_wrote_is_not_asked_of_the_file(tmp_path: Path) -> None:
    made = sdists.make(tmp_path, OLD, {f"{EGG}/requires.txt": "scion"})
    assert requires(made, Known(source=True, depends=(Requirement("twig"),), why="x")) == set()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", f"{PROJECT}[project.scripts]\nbud = 'bud:main'\n"),
        ("setup.cfg", "[options.entry_points]\nconsole_scripts =\n    bud = bud:main\n"),
    ],
)
def test_programs_that_are_declared_are_read(tmp_path: Path, name: str, text: str) -> None:
    found = sdist.read(sdists.make(tmp_path, NEW, {name: text}), UNKNOWN)
    assert found.entry_points == ("bud = bud:main",)


@pytest.mark.parametrize(
    "system",
    [
        'requires = ["hatchling"]\nbuild-backend = "hatchling.build"\n',
        'requires = ["setuptools", "cython"]\n',
        'requires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\nbackend-path = ["."]',
    ],
)
def test_what_setuptools_alone_does_not_build_is_refused(tmp_path: Path, system: str) -> None:
    made = sdists.make(tmp_path, NEW, {"pyproject.toml": f"[build-system]\n{system}"})
    with pytest.raises(UsageError, match=r"bud-1\.0\.tar\.gz is built by"):
        sdist.read(made, UNKNOWN)


def test_what_setuptools_builds_is_taken(tmp_path: Path) -> None:
    system = 'requires = ["setuptools>=61", "wheel"]\nbuild-backend = "setuptools.build_meta"\n'
    made = sdists.make(tmp_path, NEW, {"pyproject.toml": f"[build-system]\n{system}"})
    assert sdist.read(made, UNKNOWN).name == "bud"


@pytest.mark.parametrize(
    ("metadata", "files"),
    [
        ("Metadata-Version: two\n", {}),
        (f"{NEW}Requires-Dist: not a requirement!\n", {}),
        (f"{NEW}Requires-Python: three\n", {}),
        (NEW, {"pyproject.toml": "no TOML"}),
        (NEW, {"setup.cfg": "no section"}),
        (NEW, {"pyproject.toml": "#" * (1 << 20) + "#"}),
    ],
)
def test_what_cannot_be_read_is_told(tmp_path: Path, metadata: str, files: dict[str, str]) -> None:
    made = sdists.make(tmp_path, metadata, files)
    with pytest.raises(SourceError, match=r"cannot be read as a source distribution"):
        sdist.read(made, UNKNOWN)


@pytest.mark.parametrize("name", ["bud-1.0.tar.gz", "bud-1.0.zip"])
def test_what_is_no_archive_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"no archive")
    with pytest.raises(SourceError, match="cannot be read as a source distribution"):
        sdist.read(tmp_path / name, UNKNOWN)
