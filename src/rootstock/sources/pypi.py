"""Wheels from the Python package index, with pip as this machine has it set up."""

import os
import re
import sys
from pathlib import Path

from rootstock import process
from rootstock.errors import NoSpace, SourceError, tells_of_no_space
from rootstock.sources.purl import Purl


def download(purl: Purl, into: Path) -> None:
    """Download one wheel into a folder; its sha256 is the caller's to check.

    Raises `SourceError` when pip cannot get it.
    """
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-cache-dir", "--quiet"]
    command += ["--disable-pip-version-check", "--only-binary=:all:", "--dest", str(into)]
    command += [*wheel_options(purl.filename), f"{purl.name}=={purl.version}"]
    done = process.run(command, env={**os.environ, "PYTHONWARNINGS": "ignore"})
    if tells_of_no_space(done.output):
        raise NoSpace(into)
    if done.code:
        raise SourceError(f"pip could not get {purl.filename}:\n{done.output.strip()}")


def wheel_options(filename: str) -> list[str]:
    """pip's options that select just this wheel, whatever Python runs pip.

    The parts of the name are those of the binary distribution format (PyPA, PEP 427).

    >>> wheel_options("numpy-2.4.6-cp311-cp311-manylinux_2_27_x86_64.whl")[:2]
    ['--python-version', '3.11']
    """
    python, abi, platforms = filename.removesuffix(".whl").split("-")[-3:]
    options = []
    if match := re.fullmatch(r"cp(\d)(\d+)", python.split(".")[-1]):
        options += ["--python-version", f"{match[1]}.{match[2]}", "--implementation", "cp"]
        options += ["--abi", abi]
    for platform in platforms.split("."):
        options += [] if platform == "any" else ["--platform", platform]
    return options
