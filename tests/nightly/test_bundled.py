"""The libraries that wheels brought: each version that the SBOM has is what the library returns."""

import fnmatch
import json
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from rootstock.audit import bundled, compiled
from rootstock.audit.reading import read_file
from rootstock.audit.report import Bundled

pytestmark = pytest.mark.nightly

# By a part of the file's name: how a program asks the library for its version.
ASKED = {
    "libharfbuzz": "text('hb_version_string')",
    "libhdf5-": "numbers('H5get_libversion')",
    "liblzma": "text('lzma_version_string')",
    "libopenjp2": "text('opj_version')",
    "libpng16": "text('png_get_libpng_ver')",
    "libscipy_openblas64_": "text('scipy_openblas_get_config64_').split()[1]",
    "libscipy_openblas-": "text('scipy_openblas_get_config').split()[1]",
    "libsodium": "text('sodium_version_string')",
    "libtiff": "text('TIFFGetVersion').split()[2].strip(',')",
    "libzstd": "text('ZSTD_versionString')",
}
PROGRAM = """
import ctypes, sys
library = ctypes.CDLL(sys.argv[1])
def text(name):
    function = getattr(library, name)
    function.restype = ctypes.c_char_p
    return function(None).decode()
def numbers(name):
    parts = [ctypes.c_uint() for _ in range(3)]
    getattr(library, name)(*map(ctypes.byref, parts))
    return ".".join(str(part.value) for part in parts)
print(eval(sys.argv[2]))
"""


@pytest.fixture(scope="module")
def libraries(analysis: Path) -> list[Bundled]:
    """The libraries in the packages of an environment that may have some."""
    found: list[Bundled] = []
    for record in sorted((analysis / "conda-meta").glob("*.json")):
        value = json.loads(record.read_text())
        if value["name"] in bundled.ELSEWHERE or any(".libs/" in one for one in value["files"]):
            files = {
                one: analysis / one
                for one in value["files"]
                if ".so" in one and not (analysis / one).is_symlink()
            }
            reads = {one: read_file(path) for one, path in files.items()}
            elves, _ = compiled.elves_of(reads)
            found += bundled.libraries(value["name"], files, elves, reads)
    return found


def test_every_library_that_a_wheel_brought_is_listed_once(
    analysis: Path, libraries: list[Bundled]
) -> None:
    there = {
        path.relative_to(analysis).as_posix()
        for path in analysis.glob("lib/python3*/site-packages/*.libs/*.so*")
    }
    listed = Counter(one.file for one in libraries if one.sha256)
    assert len(there) > 20
    assert {file: listed[file] for file in there} == dict.fromkeys(there, 1)


def test_no_name_of_a_package_or_a_file_is_outdated(libraries: list[Bundled]) -> None:
    names = {one.name for one in libraries if ".libs/" not in one.file}
    patterns = [pattern for some in bundled.ELSEWHERE.values() for pattern in some]
    assert [one for one in patterns if not fnmatch.filter(names, one)] == []
    assert {"llvm", "zstd", "lz4", "xz", "xxhash", "fftw", "gsl"} <= names


def test_a_version_is_what_the_library_returns(analysis: Path, libraries: list[Bundled]) -> None:
    compared = {}
    for one in libraries:
        if question := next((ASKED[part] for part in ASKED if one.name.startswith(part)), ""):
            words: list[str | Path] = [
                analysis / "bin/python",
                "-I",
                "-c",
                PROGRAM,
                analysis / one.file,
                question,
            ]
            done = subprocess.run(words, check=True, capture_output=True, text=True)
            compared[one.file] = (one.version, done.stdout.strip())
    assert len(compared) >= len(ASKED)
    assert {file: pair for file, pair in compared.items() if pair[0] != pair[1]} == {}
