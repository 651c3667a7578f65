"""The libraries that wheels brought: each version that the SBOM has is what the library returns."""

import json
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from rootstock.audit import bundled, compiled
from rootstock.audit.reading import read_file
from rootstock.audit.report import Bundled
from rootstock.audit.unpacked import UnpackedPackage, partly_unpacked

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


def packages(prefix: Path) -> Iterator[UnpackedPackage]:
    """The packages of an environment."""
    for record in sorted((prefix / "conda-meta").glob("*.json")):
        files = json.loads(record.read_text())["files"]
        yield partly_unpacked(prefix, [one for one in files if not (prefix / one).is_symlink()], {})


@pytest.fixture(scope="module")
def libraries(analysis: Path) -> list[Bundled]:
    """The libraries in the packages of wheels that brought some."""
    found: list[Bundled] = []
    for package in packages(analysis):
        if not any(".libs/" in file for file in package.files):
            continue
        reads = {file: read_file(path) for file, path in package.files.items() if ".so" in file}
        elves, _ = compiled.elves_of(reads)
        found += bundled.libraries(package, elves, reads)
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
