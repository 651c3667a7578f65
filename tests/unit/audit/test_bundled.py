"""What a package has in it of other projects; the files here are texts, where real ones are ELF."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from rootstock.audit import bundled
from rootstock.audit.reading import read_file
from rootstock.audit.report import Bundled
from rootstock.core.elf import Elf

SITE = "lib/python3.11/site-packages"


def found(folder: Path, files: Mapping[str, bytes], name: str = "x") -> tuple[Bundled, ...]:
    """The libraries in a package whose files are all ELF files, with their names as sonames."""
    paths = {file: folder / file for file in files}
    for file, content in files.items():
        paths[file].parent.mkdir(parents=True, exist_ok=True)
        paths[file].write_bytes(content)
    elves = {file: Elf(soname=file.rpartition("/")[2]) for file in files}
    reads = {file: read_file(path) for file, path in paths.items()}
    return bundled.libraries(name, paths, elves, reads)


def test_files_that_a_wheel_brought_are_listed_and_its_modules_are_not(tmp_path: Path) -> None:
    openblas = f"{SITE}/numpy.libs/libscipy_openblas64_-32a4b2a6.so"
    [one] = found(
        tmp_path,
        {
            openblas: b"..OpenBLAS 0.3.31.188.0  USE64BITINT..",
            f"{SITE}/numpy/_core/module.so": b"OpenBLAS 0.3.31 ",
        },
    )
    assert (one.name, one.version, one.file) == (
        "libscipy_openblas64_-32a4b2a6.so",
        "0.3.31.188.0",
        openblas,
    )
    assert one.soname == one.name
    assert len(one.sha256) == 64


def test_a_version_that_a_file_does_not_state_is_unknown(tmp_path: Path) -> None:
    folder = f"{SITE}/x.libs"
    versions = {
        one.name: one.version
        for one in found(
            tmp_path,
            {
                f"{folder}/libzstd-1.so.1.5.7": b"\x001.5.7\0",
                f"{folder}/libzstd-2.so.1.5.7": b"\x001.5.7\0\0\x001.2.11\0",  # and zlib's
                f"{folder}/libzstd-3.so.1.5.7": b"zstd 1.5.7",
                f"{folder}/libgfortran-4.so.5.0.0": b"\x005.0.0\0",  # of no known form
            },
        )
    }
    assert versions == {
        "libzstd-1.so.1.5.7": "1.5.7",
        "libzstd-2.so.1.5.7": "",
        "libzstd-3.so.1.5.7": "",
        "libgfortran-4.so.5.0.0": "",
    }


def test_roots_xrootd_is_of_another_project_and_that_of_xrootd_is_not(tmp_path: Path) -> None:
    files = {"lib/root/lib/libXrdCl.so.3.0.0": b"@V:XrdCl v5.9.2", "lib/libHist.so": b" v6.40.00"}
    [one] = found(tmp_path / "root", files, name="root-core")
    assert (one.name, one.version) == ("libXrdCl.so.3.0.0", "5.9.2")
    assert found(tmp_path / "other", files, name="xrootd") == ()


def test_what_is_linked_into_a_file_has_no_hash_of_its_own(tmp_path: Path) -> None:
    core = "lib/root/lib/libCore.so"
    some = found(tmp_path, {core: b"ZSTD_VERSION=1.5.7 xxHash_VERSION=0.8.0 builtin_lz4"})
    assert [(one.name, one.version, one.file) for one in some] == [
        ("lz4", "", core),
        ("xxhash", "0.8.0", core),
        ("xz", "", core),
        ("zstd", "1.5.7", core),
    ]
    assert {(one.soname, one.sha256) for one in some} == {("", "")}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"grpc/src/v1.81.1-f067b41624.clean/a.cc", [("grpc", "1.81.1")]),
        (b"re2/src/86bb745f55-648e6b982e.clean/a.cc", [("re2", "")]),
        (b"curl/src/url-8_23_0-7ec8cad9a3.clean/a.c", [("curl", "")]),
    ],
)
def test_what_vcpkg_built_is_named_by_its_folders(
    tmp_path: Path, text: bytes, expected: list[tuple[str, str]]
) -> None:
    twice = (b"\0/opt/vcpkg/buildtrees/" + text) * 2
    some = found(tmp_path, {f"{SITE}/pyarrow/libarrow.so.2600": twice})
    assert [(one.name, one.version) for one in some] == expected
