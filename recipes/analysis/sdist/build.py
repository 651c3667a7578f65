"""Build the source distribution in this folder, and put its files in place for a noarch package.

    build.py [--program "NAME = MODULE:FUNCTION"]... [--drop PATTERN]...

Environment: PREFIX, and BUILD_PREFIX with the package setuptools-build. Whoever installs the
package moves `site-packages` and `python-scripts` to their places (CEP 20, CEP 34) and makes the
programs, which must be just those that the source distribution turns out to have. The list of files
(RECORD) has the paths that they are installed to, so that Python's own tools see the package.

PATTERN is a shell pattern of the built wheel's files that are left out.
"""

import argparse
import base64
import configparser
import csv
import fnmatch
import hashlib
import os
import sys
import zipfile

sys.path.insert(0, f"{os.environ['BUILD_PREFIX']}/share/setuptools-build")

from setuptools import build_meta  # it is not there before

TESTS = ("tests", "test")  # two projects may have such a folder, and none means it

parser = argparse.ArgumentParser()
parser.add_argument("--program", action="append", default=[])
parser.add_argument("--drop", action="append", default=[])
options = parser.parse_args()
prefix = os.environ["PREFIX"]
rows = []


def programs_of(text):
    """The programs of an entry_points.txt, each as NAME = MODULE:FUNCTION."""
    found = configparser.ConfigParser(delimiters=("=",), interpolation=None)
    found.optionxform = str
    found.read_string(text)
    return {
        f"{name} = {target.split('[')[0].strip()}"
        for section in ("console_scripts", "gui_scripts")
        if found.has_section(section)
        for name, target in found[section].items()
    }


def put(path, data, mode=0o644):
    """Write a file below the prefix, and note where it is installed to."""
    place = os.path.normpath(f"{prefix}/{path}")
    if os.path.commonpath([prefix, place]) != prefix:
        raise SystemExit(f"{path} is outside of the prefix")
    os.makedirs(os.path.dirname(place), exist_ok=True)
    with open(place, "xb") as file:
        file.write(data)
    os.chmod(place, mode)
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    rows.append((as_installed(path), f"sha256={digest}", len(data)))


def as_installed(path):
    """The path of a file from site-packages, as it is when the package is installed."""
    top, _, rest = path.partition("/")
    if top == "site-packages":
        return rest
    return f"../../../{'bin' if top == 'python-scripts' else top}/{rest}"


# The backend of what has no pyproject.toml: setup.py finds the modules beside it.
name = build_meta.__legacy__.build_wheel(os.environ.get("TMPDIR", "/tmp"))
archive = zipfile.ZipFile(os.path.join(os.environ.get("TMPDIR", "/tmp"), name))
if not name.endswith("-none-any.whl"):
    raise SystemExit(f"{name} is no wheel for every platform, of which a noarch package is made")
names = archive.namelist()
info = next(n.split("/")[0] for n in names if n.endswith(".dist-info/METADATA"))
distribution = info.removesuffix(".dist-info")
places = {
    "purelib": "site-packages",
    "platlib": "site-packages",
    "data": ".",
    "scripts": "python-scripts",
    "headers": f"include/{distribution.rpartition('-')[0]}",
}
found = set()
if f"{info}/entry_points.txt" in names:
    found = programs_of(archive.read(f"{info}/entry_points.txt").decode())
if found != set(options.program):
    raise SystemExit(
        f"it has the programs {sorted(found)}, and its metadata told {options.program}"
    )
for entry in archive.infolist():
    file = entry.filename
    top, _, rest = file.partition("/")
    left_out = file == f"{info}/RECORD" or top in TESTS
    if entry.is_dir() or left_out or any(fnmatch.fnmatchcase(file, one) for one in options.drop):
        continue
    data = archive.read(entry)
    if data[:4] == b"\x7fELF":
        raise SystemExit(f"{file} is an ELF file, which no noarch package has")
    mode = 0o755 if (entry.external_attr >> 16) & 0o111 else 0o644
    path = f"site-packages/{file}"
    if top == f"{distribution}.data":
        kind, _, rest = rest.partition("/")
        path = os.path.normpath(f"{places[kind]}/{rest}")
        if kind == "scripts":
            mode = 0o755
            if data.startswith(b"#!python"):
                data = f"#!{prefix}/bin/python".encode() + data[data.index(b"\n") :]
    put(path, data, mode)
put(f"site-packages/{info}/INSTALLER", b"conda\n")
with open(f"{prefix}/site-packages/{info}/RECORD", "w", newline="") as file:
    table = csv.writer(file, lineterminator="\n")
    table.writerows(sorted(rows))
    table.writerow((f"{info}/RECORD", "", ""))
