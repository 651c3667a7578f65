"""What a source distribution says of itself is read, not run, and what it lacks is reported."""

from collections.abc import Callable
from pathlib import Path

import pytest

from rootstock.core.errors import SourceError, UsageError
from rootstock.stack import sdist

from . import sdists

EGG = "bud.egg-info"
OLD, NEW = "Metadata-Version: 1.1\n", "Metadata-Version: 2.2\n"
# To run it, or to import what is beside it, would fail.
SETUP = {"setup.py": "raise SystemExit('setup.py was run')\n"}
PROGRAMS = "[console_scripts]\nbud = bud.cli:main [extra]\n"
PROJECT = '[project]\nname = "bud"\nversion = "1.0"\n'


@pytest.mark.parametrize("ending", sdist.ENDINGS)
def test_all_that_a_package_says_is_read(tmp_path: Path, ending: str) -> None:
    files = {
        f"src/{EGG}/requires.txt": "scion",
        f"src/{EGG}/entry_points.txt": PROGRAMS,
        "LICENSE.rst": "MIT",
        "docs/LICENSE": "of the manual",
        **SETUP,
    }
    said = f"{OLD}Summary: Buds\nHome-page: https://example.org/bud\nLicense: GPLv3+\n"
    found = sdist.read(sdists.make(tmp_path, said, files, ending))
    assert (found.name, found.version, found.summary) == ("bud", "1.0", "Buds")
    assert (found.license, found.homepage) == ("GPL-3.0-or-later", "https://example.org/bud")
    assert found.license_files == ("bud-1.0/LICENSE.rst",)
    assert found.entry_points == ("bud = bud.cli:main",)
    assert found.pure and found.libraries == ()
    assert found.requires == ()  # people write them down


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", f"{PROJECT}[project.scripts]\nbud = 'bud:main'\n"),
        ("setup.cfg", "[options.entry_points]\nconsole_scripts =\n    bud = bud:main\n"),
    ],
)
def test_programs_that_are_declared_are_read(tmp_path: Path, name: str, text: str) -> None:
    found = sdist.read(sdists.make(tmp_path, NEW, {name: text}))
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
        sdist.read(made)


def test_what_setuptools_builds_is_taken(tmp_path: Path) -> None:
    system = 'requires = ["setuptools>=61", "wheel"]\nbuild-backend = "setuptools.build_meta"\n'
    made = sdists.make(tmp_path, NEW, {"pyproject.toml": f"[build-system]\n{system}"})
    assert sdist.read(made).name == "bud"


@pytest.mark.parametrize(
    ("metadata", "files"),
    [
        (NEW, {"pyproject.toml": "[build-system]\nrequires = ['not one!']\n"}),
        (f"{NEW}Requires-Python: three\n", {}),
        (NEW, {"pyproject.toml": "no TOML"}),
        (NEW, {"setup.cfg": "no section"}),
        (NEW, {"pyproject.toml": "#" * (1 << 20) + "#"}),
    ],
)
def test_what_cannot_be_read_is_reported(
    tmp_path: Path, metadata: str, files: dict[str, str]
) -> None:
    made = sdists.make(tmp_path, metadata, files)
    with pytest.raises(SourceError, match=r"cannot be read as a source distribution"):
        sdist.read(made)


@pytest.mark.parametrize("ending", sdist.ENDINGS)
def test_texts_of_licenses_are_reported_by_their_names(tmp_path: Path, ending: str) -> None:
    texts = ["COPYING.LESSER", "LICENCE-MIT", "doc/license.txt", "LICENSES", "NOTICE"]
    others = ["license.py", "licensing.rst", "LICENSE.d/readme", "notices_of_defects.txt"]
    made = sdists.make(tmp_path, NEW, dict.fromkeys([*texts, *others], ""), ending)
    assert sdist.license_texts(made) == tuple(sorted(texts))


def test_a_file_without_license_texts_is_named(tmp_path: Path) -> None:
    made = sdists.make(tmp_path, f"{NEW}License: MIT\n", {"README": "MIT"})
    with pytest.raises(SourceError, match=r"bud-1\.0\.tar\.gz has no license text") as caught:
        sdist.license_texts(made)
    assert "license_source" in caught.value.remedy


@pytest.mark.parametrize("read", [sdist.read, sdist.license_texts])
@pytest.mark.parametrize("name", ["bud-1.0.tar.gz", "bud-1.0.zip"])
def test_what_is_no_archive_is_reported(
    tmp_path: Path, name: str, read: Callable[[Path], object]
) -> None:
    (tmp_path / name).write_bytes(b"no archive")
    with pytest.raises(SourceError, match="cannot be read as a source distribution"):
        read(tmp_path / name)
