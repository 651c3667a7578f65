"""Downloads files from the Python package index, with pip as this machine configures it."""

import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rootstock.core import process
from rootstock.core.errors import NoSpace, SourceError, means_no_space
from rootstock.sources.purl import Purl

_PIP_SDIST = Path(__file__).parent / "pip_sdist.py"
_BATCH = 20  # wheels per pip process: starting it takes as long as a small wheel


@dataclass(frozen=True)
class WantedWheel:
    """A wheel to download, and its sha256: one version may have several wheels."""

    purl: Purl
    sha256: str


def batches(wheels: Iterable[WantedWheel]) -> list[list[WantedWheel]]:
    """Group wheels that one pip can download together: the same Python, each project once."""
    found: list[list[WantedWheel]] = []
    open_: dict[tuple[str, str], list[list[WantedWheel]]] = {}
    for one in wheels:
        groups = open_.setdefault(_tags(one.purl.filename)[:2], [])
        for group in groups:
            if len(group) < _BATCH and one.purl.name not in {other.purl.name for other in group}:
                group.append(one)
                break
        else:
            groups.append([one])
            found.append(groups[-1])
    return found


def download(wheels: Sequence[WantedWheel], into: Path) -> None:
    """Download wheels of one of the `batches` into a folder.

    pip accepts only files with their sha256; the caller checks them nevertheless. Raises
    `SourceError` when pip cannot get one of them.
    """
    listed = into / "wheels.txt"
    lines = (f"{one.purl.name}=={one.purl.version} --hash=sha256:{one.sha256}\n" for one in wheels)
    listed.write_text("".join(lines))
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-cache-dir", "--quiet"]
    command += ["--disable-pip-version-check", "--only-binary=:all:", "--dest", str(into)]
    # The Python that runs pip does not matter, nor does a wheel's own requirement.
    command += ["--ignore-requires-python", "--require-hashes", "--requirement", str(listed)]
    command += wheel_options(one.purl.filename for one in wheels)
    _run(command, ", ".join(one.purl.filename for one in wheels), into)
    listed.unlink()


def download_sdist(purl: Purl, into: Path) -> None:
    """Download a source distribution into a folder; the caller checks its sha256.

    It runs no code of the file, which `pip download` would do to find its dependencies. Raises
    `SourceError` when pip cannot get it.
    """
    command = [sys.executable, "-I", str(_PIP_SDIST), "--no-cache-dir", "--quiet"]
    command += ["--disable-pip-version-check", "--no-binary=:all:"]
    _run([*command, purl.name, purl.filename, str(into)], purl.filename, into)


def _run(command: Sequence[str], files: str, into: Path) -> None:
    done = process.run(command, env=_environment())
    if means_no_space(done.output):
        raise NoSpace(into)
    if done.code:
        raise SourceError(f"pip could not get {files}:\n{done.output.strip()}")


def _environment() -> Mapping[str, str]:
    return {**os.environ, "PYTHONWARNINGS": "ignore"}


def wheel_options(filenames: Iterable[str]) -> list[str]:
    """Return pip's options that allow only these wheels, whatever Python runs pip.

    The parts of a name are those of the binary distribution format (PyPA, PEP 427).

    >>> wheel_options(["numpy-2.4.6-cp311-cp311-manylinux_2_27_x86_64.whl"])[:2]
    ['--python-version', '3.11']
    """
    options: dict[tuple[str, ...], None] = {}
    for filename in filenames:
        python, abi, platforms = _tags(filename)
        if match := re.fullmatch(r"cp(\d)(\d+)", python.split(".")[-1]):
            options["--python-version", f"{match[1]}.{match[2]}"] = None
            options["--implementation", "cp"] = None
            options["--abi", abi] = None
        for platform in platforms.split("."):
            if platform != "any":
                options["--platform", platform] = None
    return [word for option in options for word in option]


def _tags(filename: str) -> tuple[str, str, str]:
    python, abi, platforms = filename.removesuffix(".whl").split("-")[-3:]
    return python, abi, platforms
