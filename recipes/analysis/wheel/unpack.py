"""Put the files of a wheel where an installer would, for a package: unpack.py WHEEL DROP...

Environment: PREFIX, and SP_DIR where the package is for one Python; without it the package is
noarch, whose installer moves `site-packages` and `python-scripts` to their places (CEP 20, CEP 34).
Programs of entry points are not made here: whoever installs the package does. The list of files
(RECORD) has the paths that they are installed to, so that Python's own tools see the package.

DROP are shell patterns of the wheel's files that are left out.
"""

import base64
import csv
import fnmatch
import hashlib
import os
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor

# Libraries that the channel has: what needs one finds it by RPATH.
OURS = ("libstdc++.so.", "libgcc_s.so.", "libgomp.so.", "libz.so.")
LICENCES = "licences.of.the.wheel"  # where the recipe's license_file finds them
TESTS = ("tests", "test")

wheel, *drop = sys.argv[1:]
prefix = os.environ["PREFIX"]
site = os.environ.get("SP_DIR") or f"{prefix}/site-packages"
noarch = site == f"{prefix}/site-packages"
archive = zipfile.ZipFile(wheel)
info = next(n.split("/")[0] for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
distribution = info.removesuffix(".dist-info")
places = {
    "purelib": site,
    "platlib": site,
    "data": prefix,
    "scripts": f"{prefix}/python-scripts" if noarch else f"{prefix}/bin",
    "headers": f"{prefix}/include/{distribution.rpartition('-')[0]}",
}
rows = []
folders = set()
os.umask(0o022)


def place_of(name):
    """Where a file of the wheel goes."""
    top, _, rest = name.partition("/")
    if top != f"{distribution}.data":
        return f"{site}/{name}"
    kind, _, rest = rest.partition("/")
    return f"{places[kind]}/{rest}"


def as_installed(path):
    """The path of a file from site-packages, as it is when the package is installed."""
    if not noarch or path.startswith(f"{site}/"):
        return os.path.relpath(path, site)
    own = os.path.relpath(path, prefix)
    return "../../../" + own.replace("python-scripts/", "bin/", 1)


def put(path, data, mode=0o644):
    """Write a file, and note it in the list of files."""
    if not os.path.normpath(path).startswith(f"{prefix}/"):
        raise SystemExit(f"{path} is outside of the prefix")
    folder = os.path.dirname(path)
    if folder not in folders:
        os.makedirs(folder, exist_ok=True)
        folders.add(folder)
    try:
        with open(path, "xb") as file:
            file.write(data)
    except FileExistsError:
        raise SystemExit(f"{path} is in the wheel twice") from None
    if mode != 0o644:
        os.chmod(path, mode)
    note(path, data)


def note(path, data):
    """Note a file in the list of files."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    rows.append((as_installed(path), f"sha256={digest}", len(data)))


def is_left_out(name):
    """Whether a file is no part of the package."""
    if name == f"{info}/RECORD" or name.startswith(f"{info}/RECORD."):
        return True
    if name.split("/")[0] in TESTS:  # two projects may have such a folder, and none means it
        return True
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in drop)


def find_ours(path):
    """Let an ELF file find the channel's libraries, and forget where it was built."""
    words = ("patchelf", "--print-rpath", "--print-needed", path)
    dynamic = subprocess.run(words, capture_output=True, text=True, check=False).stdout
    paths, *needed = dynamic.splitlines() or [""]
    wanted = [one for one in paths.split(":") if one.startswith("$ORIGIN")]
    if any(name.startswith(OURS) for name in needed):
        up = os.path.relpath(f"{prefix}/lib", os.path.dirname(path))
        wanted.append(f"$ORIGIN/{up}")
    if wanted == (paths.split(":") if paths else []):
        return
    words = ["--force-rpath", "--set-rpath", ":".join(wanted)] if wanted else ["--remove-rpath"]
    subprocess.run(["patchelf", *words, path], check=True)


elves = []
changed = []  # these have other bytes when they are installed
first = {}
for entry in archive.infolist():
    if entry.is_dir() or is_left_out(entry.filename):
        continue
    data = archive.read(entry)
    path = place_of(entry.filename)
    mode = 0o755 if (entry.external_attr >> 16) & 0o111 else 0o644
    if f"{distribution}.data/scripts/" in entry.filename:
        mode = 0o755
        if data.startswith(b"#!python"):
            data = f"#!{prefix}/bin/python".encode() + data[data.index(b"\n") :]
            changed.append(path)
    if entry.filename.startswith(f"{info}/"):
        kept = f"{LICENCES}/{entry.filename[len(info) + 1 :]}"
        os.makedirs(os.path.dirname(kept), exist_ok=True)
        with open(kept, "wb") as file:
            file.write(data)
    if data[:4] == b"\x7fELF":
        # Wheels cannot have links, and have copies for them.
        digest = hashlib.sha256(data).digest()
        if digest in first and os.path.dirname(first[digest]) == os.path.dirname(path):
            os.symlink(os.path.basename(first[digest]), path)
            note(path, data)
            continue
        first[digest] = path
        elves.append(path)
        changed.append(path)
    put(path, data, mode)
with ThreadPoolExecutor(int(os.environ.get("CPU_COUNT", "1"))) as pool:
    list(pool.map(find_ours, elves))
put(f"{site}/{info}/INSTALLER", b"conda\n")
other = {as_installed(path) for path in changed}
rows = [row if row[0] not in other else (row[0], "", "") for row in rows]
if not noarch:
    subprocess.run(
        [
            *(os.environ["PYTHON"], "-m", "compileall", "-q", f"-j{os.environ['CPU_COUNT']}"),
            # Nobody waits for a package's own tests to be imported.
            *("-s", site, "--invalidation-mode", "checked-hash", "-x", "/tests?/", site),
        ],
        env={**os.environ, "PYTHONHASHSEED": "0"},
        check=False,  # some packages carry files of another Python
        stdout=subprocess.DEVNULL,
    )
with open(f"{site}/{info}/RECORD", "w", newline="") as file:
    table = csv.writer(file, lineterminator="\n")
    table.writerows(sorted(rows))
    table.writerow((f"{info}/RECORD", "", ""))
