"""Make the package that the recipe of a wheel describes.

Any builder can make it from this recipe, which the package has in info/recipe. But builders also
solve, install, index and test, which takes longer than all that a wheel needs. So this program
runs the recipe's script, and packs the files that it leaves in the prefix.

Its words are JOB, FOLDER and LEVEL. JOB is what rootstock/building/inside.py reads. The package
(CEP 35) comes into FOLDER, compressed with a level of zstd's, and it is the same bytes each time.
`DEPS` has the packages of Python, which are unpacked once for all jobs of a sandbox.
"""

import hashlib
import json
import os
import shutil
import stat
import subprocess
import sys
import zipfile
from datetime import datetime, timezone
from pathlib import Path
from urllib.parse import unquote

DEPS = Path("/rootstock/deps")
PYTHON = Path("/rootstock/build/python")
WORK = Path("/rootstock/build/work")
PREFIX, ABOUT = WORK / "prefix", WORK / "about"
SHELL = ("/bin/bash", "-o", "pipefail", "-c")
UNPACK = 'unzip -p "$1" "pkg-*" | zstd --decompress --stdout | tar --extract --directory "$2"'
# As building/normalise.py has it: sorted, with one time, no owner, and two kinds of modes.
PACK = """\
cd "$1" && find . ! -type d -printf '%P\\0' | LC_ALL=C sort --zero-terminated |
    tar --create --format=gnu --null --verbatim-files-from --files-from=- --mtime="@$2" \
        --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX |
    zstd --quiet --ultra "-$3" --threads=2 -o "$4"
"""
# As pip writes it: CEP 20 leaves the text to whoever installs a program.
PROGRAM = """\
#!{prefix}/bin/python
import sys

from {module} import {name}

if __name__ == "__main__":
    sys.exit({function}())
"""


def python_of(variant):
    """The version of the Python that a package is for, as 3.11; None for all."""
    return ".".join(variant["python"].split(".")[:2]) if "python" in variant else None


def interpreter(version):
    """The interpreter of the version, unpacked from its packages.

    It is in a folder of its own: what it runs when it starts is never a file of the wheel.
    """
    program = PYTHON / f"bin/python{version}"
    if not program.exists():
        PYTHON.mkdir(exist_ok=True)
        for package in sorted(DEPS.glob("*/*.conda")):
            subprocess.run((*SHELL, UNPACK, "bash", package, PYTHON), check=True)
    return program


def fetched(source):
    """The file of a source, whose sha256 is the recipe's."""
    path = Path(unquote(source["url"].removeprefix("file://")))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != source["sha256"]:
        raise SystemExit(f"{path.name} has the sha256 {digest}, not {source['sha256']}")
    return path


def put_texts(path, folder):
    """Put a source distribution's license texts, and all else of it, below a folder."""
    folder.mkdir()
    shutil.unpack_archive(path, folder)
    [top] = folder.iterdir()
    for entry in top.iterdir():
        entry.rename(folder / entry.name)


def unpack(job, recipe_folder):
    """Run the recipe's script on its sources."""
    recipe = job["recipe"]
    for source in recipe["source"]:
        path = fetched(source)
        if place := source.get("target_directory"):
            put_texts(path, WORK / place)
        else:
            (WORK / path.name).symlink_to(path)
    script = recipe["build"]["script"]
    variables = {
        **os.environ,
        **script.get("env", {}),
        "PREFIX": str(PREFIX),
        "RECIPE_DIR": str(recipe_folder),
        "CPU_COUNT": str(len(os.sched_getaffinity(0))),
    }
    if version := python_of(job["variant"]):
        variables["PYTHON"] = str(interpreter(version))
        variables["SP_DIR"] = f"{PREFIX}/lib/python{version}/site-packages"
    print("rootstock: script:", script["content"], flush=True)
    words = ("/bin/bash", "-e", "-c", script["content"])
    if code := subprocess.run(words, cwd=WORK, env=variables, check=False).returncode:
        raise SystemExit(f"the recipe's script ended with {code}")


def put_programs(entry_points):
    """Write the programs `NAME = MODULE:FUNCTION`, as an installer does for a pure package."""
    for entry in entry_points:
        program, _, place = (part.strip() for part in entry.partition("="))
        module, _, function = place.partition(":")
        text = PROGRAM.format(
            prefix=PREFIX, module=module, name=function.partition(".")[0], function=function
        )
        path = PREFIX / "bin" / program
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)


def listed(path, marked):
    """The entry of a file in info/paths.json (CEP 34); `marked` if it may name the prefix."""
    with open(path, "rb") as file:
        content = file.read()
    status = os.lstat(path)
    entry = {
        "_path": path[len(str(PREFIX)) + 1 :],
        "path_type": "softlink" if stat.S_ISLNK(status.st_mode) else "hardlink",
        "sha256": hashlib.sha256(content).hexdigest(),
        "size_in_bytes": status.st_size,
    }
    if marked and bytes(PREFIX) in content:
        entry |= {"file_mode": "text", "prefix_placeholder": str(PREFIX)}
    return entry


def described(job, paths):
    """The files of info/ that are JSON, by name (CEP 34)."""
    recipe, variant, noarch = job["recipe"], job["variant"], "python" not in job["variant"]
    build, about = recipe["build"], recipe["about"]
    index = {
        **recipe["package"],
        "build": build["string"],
        "build_number": build["number"],
        "depends": sorted(recipe["requirements"]["run"]),
        "license": about["license"],
        "subdir": variant["target_platform"],
    }
    system, _, bits = job["platform"].partition("-")
    machine = {"arch": "x86_64" if bits == "64" else bits, "platform": system}
    index |= {"noarch": "python"} if noarch else machine
    if day := recipe["extra"]["rootstock"].get("released"):
        midnight = datetime.fromisoformat(day).replace(tzinfo=timezone.utc)
        index["timestamp"] = int(midnight.timestamp()) * 1000  # milliseconds
    shown = {"home": about.get("homepage"), "summary": about.get("summary")}
    found = {
        "index.json": index,
        "about.json": {
            "extra": recipe["extra"],
            "license": about["license"],
            **{key: value for key, value in shown.items() if value},
        },
        "hash_input.json": variant,
        "paths.json": {"paths": paths, "paths_version": 1},
        "recipe/recipe.yaml": recipe,
        "recipe/variant_config.yaml": variant,
    }
    if noarch:
        python = {"type": "python", "entry_points": build["python"]["entry_points"]}
        found["link.json"] = {
            "noarch": {key: value for key, value in python.items() if value},
            "package_metadata_version": 1,
        }
    return {
        name: json.dumps(value, indent=2, sort_keys=True).encode() for name, value in found.items()
    }


def put_information(job, paths, recipe_folder):
    """Write the folder info/ of the package."""
    info = ABOUT / "info"
    shutil.copytree(recipe_folder, info / "recipe")
    for name, data in described(job, paths).items():
        (info / name).write_bytes(data)
    for name in job["recipe"]["about"].get("license_file", ()):
        place = info / "licenses" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(WORK / name, place)


def pack(job, target, level):
    """Write the package: a zip of two compressed tars."""
    epoch = job["recipe"]["build"]["script"]["env"]["SOURCE_DATE_EPOCH"]
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(member("metadata.json"), b'{"conda_pkg_format_version":2}')
        for part, folder in (("pkg", PREFIX), ("info", ABOUT)):
            path = WORK / f"{part}-{target.stem}.tar.zst"
            subprocess.run((*SHELL, PACK, "bash", folder, epoch, level, path), check=True)
            with (
                path.open("rb") as file,
                archive.open(member(path.name), "w", force_zip64=True) as out,
            ):
                shutil.copyfileobj(file, out)


def member(name):
    """A member of the zip, which has the first time that a zip can have."""
    entry = zipfile.ZipInfo(name)
    entry.external_attr = 0o644 << 16
    return entry


def main(job_file, folder, level):
    """Make a job's package; raises whatever fails."""
    job = json.loads(Path(job_file).read_text())
    recipe, recipe_folder = job["recipe"], Path(job_file).with_name("recipe")
    shutil.rmtree(WORK, ignore_errors=True)
    PREFIX.mkdir(parents=True)
    unpack(job, recipe_folder)
    if "python" in job["variant"]:
        put_programs(recipe["build"]["python"]["entry_points"])
    files = sorted(
        os.path.join(where, name) for where, _, names in os.walk(PREFIX) for name in names
    )
    marked = not recipe["build"]["prefix_detection"]["ignore"]
    paths = [listed(path, marked) for path in files]
    put_information(job, paths, recipe_folder)
    package = recipe["package"]
    name = f"{package['name']}-{package['version']}-{recipe['build']['string']}.conda"
    target = Path(folder) / job["variant"]["target_platform"] / name
    target.parent.mkdir(parents=True)
    size = sum(one["size_in_bytes"] for one in paths)
    print(f"rootstock: packaging: {len(files)} files, {size} bytes", flush=True)
    pack(job, target, level)


if __name__ == "__main__":
    main(*sys.argv[1:])
