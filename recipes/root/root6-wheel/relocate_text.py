"""Mend the text files of the wheel for this layout: `relocate_text.py LIB_ROOT`.

The wheel was made by installing below a directory that no longer exists, for one Python. A
pattern that is not found is an error: then the wheel has changed, and this has to be looked at.
"""

import re
import sys
from pathlib import Path

# Its three targets are in the packages per Python.
PER_PYTHON = r"ROOT::(?:CPyCppyy|cppyy|ROOTPythonizations)"

# The directory that the wheel was installed below; which files name it differs by version.
MOCK = "/mock_site_packages/ROOT"

EDITS = [
    # It has to find itself through the relative link in PREFIX/bin.
    ("bin/root-config", r"(?m)^readlink=readlink$", 'readlink="readlink -f"'),
    (
        "bin/root-config",
        r'(?m)^( *out="\$out )3\.11\.\d+"$',
        r'\1$("$ROOTSYS/../../bin/python3" -c "import sys; print(sys.version.split()[0])")"',
    ),
    ("bin/root-config", r"/tmp/tmp\w+/", ""),
    # The compilers of the environment, where it has them.
    (
        "bin/root-config",
        r'(?m)^altcc="cc"\naltcxx="c\+\+"$',
        "compilers=${ROOTSYS%/lib/root}/bin/\n"
        'test -x "${compilers}c++" || compilers=\n'
        'altcc="${compilers}cc"\n'
        'altcxx="${compilers}c++"',
    ),
    ("bin/root-config", r'(?m)^altld="c\+\+"$', 'altld="${compilers}c++"'),
    ("etc/notebook/kernels/root/kernel.json", r"python3\.11", "python3"),
    (
        "etc/notebook/jupyter_notebook_config.py",
        r'os\.path\.join\("/tmp/\w+", "js"\)',
        'os.path.join(os.path.dirname(__file__), "..", "..", "js")',
    ),
    # Headers of C++20, which have nothing for C++17. cling refuses to read a module's header
    # when the module is for C++20, and reads one that is in no module as a compiler would.
    (
        "etc/cling/std.modulemap",
        r'(?m)^ *(?:explicit )?module "[^"]+"[^{}]*\{[^{}]*requires cplusplus20[^{}]*\}\n',
        "",
    ),
    ("cmake/ROOTConfig.cmake", r"(?m)^# Python version used to build ROOT\n.*\n\n", ""),
    # The file is now two levels below its prefix; 6.40's is four below.
    (
        "cmake/ROOTConfig-targets.cmake",
        r'(?m)(^get_filename_component\(_IMPORT_PREFIX "\$\{_IMPORT_PREFIX\}" PATH\)\n)+',
        r"\1",
    ),
    ("cmake/ROOTConfig-targets.cmake", rf" {PER_PYTHON}(?=[ )])", ""),
    (
        "cmake/ROOTConfig-targets.cmake",
        rf"(?s)# Create imported target {PER_PYTHON}\n.*?(?=# Create imported target )",
        "",
    ),
    (
        "cmake/ROOTConfig-targets-release.cmake",
        rf'(?s)# Import target "{PER_PYTHON}".*?(?=# Import target )',
        "",
    ),
]


def forget_mock(root: Path) -> None:
    """Take `MOCK` out of every text file that is not a header; there have to be some."""
    found = 0
    for path in (p for folder in ("bin", "cmake", "etc") for p in (root / folder).rglob("*")):
        content = path.read_bytes() if path.is_file() else b""
        if MOCK.encode() in content and b"\0" not in content:
            path.write_bytes(content.replace(MOCK.encode(), b""))
            found += 1
    if not found:
        raise ValueError(f"nothing below {root} names {MOCK}")


def main(root: Path) -> None:
    """Apply every edit to the files below `root`; raise ValueError for one without effect."""
    forget_mock(root)
    for name, pattern, replacement in EDITS:
        path = root / name
        text, count = re.subn(pattern, replacement, path.read_text())
        if not count:
            raise ValueError(f"{name}: nothing matches {pattern}")
        path.write_text(text)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
