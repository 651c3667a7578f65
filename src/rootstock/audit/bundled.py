"""Which libraries of other projects a package has in it: as files, and linked into its own files.

An SBOM lists them (`release.sbom`). Their versions are those that the files themselves state.
"""

import mmap
import posixpath
import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path

from rootstock.audit.reading import FileRead
from rootstock.audit.report import Bundled
from rootstock.core.elf import Elf

# auditwheel puts the libraries that a wheel brings into this folder, each with a hash in its name.
_FOLDER = "*.libs/*"
# Files of other projects that lie elsewhere, by package.
ELSEWHERE = {
    "root-core": ("libXrd*", "libtbb.so.*"),
    "pytables": ("libblosc2.so",),
    "python-blosc2": ("libblosc2.so", "libtcc.so"),
}
_NUMBER = rb"((?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*))+)"
_ALONE = rb"(?<![ -~])" + _NUMBER + rb"\0"  # all of a text, as a function for the version returns
# The text with its version in a library, by the library's file. What comes more than once, with
# other numbers, proves nothing.
_TEXTS: Mapping[str, bytes] = {
    "libXrd*": rb"@V:\w+ v" + _NUMBER,  # XrdVERSIONINFO, in its XrdVersion.hh
    "libharfbuzz*": _ALONE,  # hb_version_string
    "libhdf5*": rb"HDF5 library version: " + _NUMBER,  # H5_lib_vers_info_g
    "libjpeg*": rb"libjpeg-turbo version " + _NUMBER,  # JVERSION
    "liblzma*": _ALONE,  # lzma_version_string
    "libopenjp2*": _ALONE,  # opj_version
    "libpng16*": rb" libpng version " + _NUMBER,  # png_get_copyright
    "libscipy_openblas*": rb"OpenBLAS " + _NUMBER + rb" ",  # openblas_get_config
    "libsodium*": _ALONE,  # sodium_version_string
    "libtiff*": rb"LIBTIFF, Version " + _NUMBER,  # TIFFGetVersion
    "libzstd*": _ALONE,  # ZSTD_versionString
}
# Projects that are linked into a file, by its path; without a text their version is unknown.
_INSIDE: Mapping[str, Mapping[str, bytes]] = {
    "lib/root/lib/libCling.so": {"llvm": rb"based on LLVM " + _NUMBER},
    # ROOT lists its options for `root-config`, and the variables of CMake.
    "lib/root/lib/libCore.so": {
        "lz4": b"",
        "xxhash": rb"xxHash_VERSION=" + _NUMBER,
        "xz": b"",
        "zstd": rb"ZSTD_VERSION=" + _NUMBER,
    },
    "lib/root/lib/libFFTW.so": {"fftw": rb"\(fftw-" + _NUMBER + rb" fftw_wisdom"},
    "lib/root/lib/libMathMore.so": {"gsl": b""},
    "*/llvmlite/binding/libllvmlite.so": {"llvm": rb"(?<![ -~])LLVM" + _NUMBER + rb"\0"},
}
# vcpkg builds each project in a folder of this form, and asserts name their source files.
_VCPKG = re.compile(rb"/vcpkg/buildtrees/([a-z0-9-]+)/src/(?:v?(\d[\d.]*)-)?")


def libraries(
    name: str,
    files: Mapping[str, Path],
    elves: Mapping[str, Elf],
    reads: Mapping[str, FileRead],
) -> tuple[Bundled, ...]:
    """Return the libraries of other projects in a package, by the files that have them.

    `name` is that of the package, `elves` are its ELF files, and `reads` what was read of `files`.
    """
    elsewhere = ELSEWHERE.get(name, ())
    found: list[Bundled] = []
    for file, elf in sorted(elves.items()):
        library = posixpath.basename(file)
        inside = next((some for path, some in _INSIDE.items() if fnmatchcase(file, path)), {})
        whole = fnmatchcase(file, _FOLDER) or any(fnmatchcase(library, one) for one in elsewhere)
        with (
            files[file].open("rb") as opened,
            mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as data,
        ):
            if whole:
                text = next((t for glob, t in _TEXTS.items() if fnmatchcase(library, glob)), b"")
                found.append(
                    Bundled(
                        name=library,
                        version=version(data, text),
                        file=file,
                        soname=elf.soname,
                        sha256=reads[file].sha256,
                    )
                )
            parts = {project: version(data, text) for project, text in inside.items()}
            parts |= dict(_by_vcpkg(data))
            found += [Bundled(name=p, version=v, file=file) for p, v in sorted(parts.items())]
    return tuple(found)


def version(data: bytes | mmap.mmap, text: bytes) -> str:
    """Return the number that a text has in a file, empty unless there is one and no other.

    >>> version(b"OpenBLAS 0.3.30 DYNAMIC_ARCH", rb"OpenBLAS ([0-9.]+) ")
    '0.3.30'
    """
    found = {match[1] for match in re.finditer(text, data)} if text else set()
    return found.pop().decode() if len(found) == 1 else ""


def _by_vcpkg(data: bytes | mmap.mmap) -> Iterator[tuple[str, str]]:
    """Yield the projects that vcpkg linked into a file, with their versions."""
    if data.find(b"/vcpkg/buildtrees/") < 0:
        return
    found: dict[str, set[str]] = {}
    for match in _VCPKG.finditer(data):
        found.setdefault(match[1].decode(), set()).add((match[2] or b"").decode())
    for name, versions in found.items():
        yield name, versions.pop() if len(versions) == 1 else ""
