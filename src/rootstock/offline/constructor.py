"""Shipping: one executable file that installs a cell, and then runs a program of it.

conda-ship's program makes it, from the lock of the cell and its packages, in a sandbox. So it
contains no path of this machine, nothing is fetched, and the same release gives the same bytes.

The file unpacks itself at its first call, into a folder with the name of the cell and its packages,
or into $CONDA_SHIP_PREFIX; later calls find it there.
"""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rootstock import product as products
from rootstock.channel.layout import release_dir
from rootstock.core import process
from rootstock.core.errors import PackFailed, SmokeFailed
from rootstock.core.progress import Event, Listener
from rootstock.core.seal import sha256_of
from rootstock.core.store import Store
from rootstock.image.engines import MACHINE, Engine, Mount, Sandbox
from rootstock.offline import bundle
from rootstock.offline.selection import Selection
from rootstock.offline.target import appearing
from rootstock.offline.trial import OldSystem
from rootstock.release import locks
from rootstock.smoke.report import SmokeReport
from rootstock.smoke.run import System

RUNTIME = "rootstock"  # conda-ship names the folder's own record with it
_STAGE = "ship"
_TOOL, _CHANNEL, _WORK = "/rootstock/tool", "/rootstock/deps", "/rootstock/build"
_CERTIFICATES = f"{_WORK}/certificates.pem"
_TIMEOUT = 1800.0  # seconds: for a slow disk, not for a network
_TAIL = 15


@dataclass(frozen=True, kw_only=True)
class Shipped:
    """A finished file: its path, size and sha256, and the result of its trial.

    It installs itself below `~/.conda`, into the folder `install_name`.
    """

    path: Path
    release: int
    cell: str
    install_name: str
    packages: int
    size: int
    sha256: str
    smoke: SmokeReport | None

    def as_json(self) -> dict[str, Any]:
        """The result as a JSON object."""
        smoke = self.smoke.as_json() if self.smoke else None
        return {**asdict(self), "path": str(self.path), "smoke": smoke}


def make(
    selection: Selection,
    target: Path,
    *,
    tool: Path,
    program: str,
    testbed: OldSystem,
    try_it: bool,
    store: Store,
    listen: Listener,
) -> Shipped:
    """Make the file `target` from a selection of one cell, and with `try_it` test it installed.

    `tool` is the environment with conda-ship, `program` the program of the cell that the file runs.

    Raises `RefusedError` when the target exists, `SourceError` when a package is missing or
    damaged, `PackFailed` when conda-ship refuses, `SmokeFailed`, and what `bundle.fill` does.
    """
    cell = selection.cell
    with appearing(target) as part, _room(store) as scratch:
        listen(Event(stage=_STAGE, item=cell, state="start"))
        bundle.fill(selection, scratch / "channel", listen)
        made = _build(selection, program, tool, scratch, testbed)
        listen(Event(stage=_STAGE, item=cell, state="done"))
        smoke = _try(selection, made, scratch, testbed, listen) if try_it else None
        shutil.copyfile(made, part)
        part.chmod(0o755)
        size, sha256 = part.stat().st_size, sha256_of(part)
    return Shipped(
        path=target,
        release=selection.release.release,
        cell=cell,
        install_name=install_name(selection),
        packages=len(selection.packages),
        size=size,
        sha256=sha256,
        smoke=smoke,
    )


def install_name(selection: Selection) -> str:
    """The folder into which a file of this cell with these packages installs itself.

    Another set of packages has another folder, so that a newer file does not find an older set.
    """
    hashes = sorted(package.sha256 for package in selection.packages)
    return f"{selection.cell}-{hashlib.sha256(' '.join(hashes).encode()).hexdigest()[:8]}"


@contextmanager
def _room(store: Store) -> Iterator[Path]:
    """Yield a scratch folder in which sandboxes of every engine may write."""
    with store.scratch("ship") as scratch:
        for name in ("work", "home"):
            (scratch / name).mkdir()
            (scratch / name).chmod(0o777)
            # conda-ship, and the files that it makes, prepare for downloads although everything is
            # there, and fail where a system has no certificates.
            shutil.copyfile(_certificates(), scratch / name / Path(_CERTIFICATES).name)
        yield scratch


def manifest(selection: Selection, program: str) -> str:
    """Write the manifest for conda-ship, which it reads beside a pixi lock."""
    cell = selection.release.cells[selection.cell]
    settings = {
        "runtime-name": RUNTIME,
        "artifact-name": selection.cell,
        "runtime-version": f"{cell.version}.{selection.release.release}",
        "delegate-executable": program,
        "artifact-layout": "embedded",
        "source-environment": "default",
        "install-name": install_name(selection),
        # Package managers then know that they must not change anything (CEP 22).
        "freeze-base": True,
    }
    # A JSON string is also a TOML string, and `true` is the same.
    lines = [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
    return "\n".join(
        [
            "[workspace]",
            f"name = {json.dumps(selection.cell)}",
            f"channels = [{json.dumps(f'file://{_CHANNEL}')}]",
            f"platforms = [{json.dumps(selection.release.platform)}]",
            "[tool.conda-ship]",
            *lines,
            "",
        ]
    )


def _build(
    selection: Selection, program: str, tool: Path, scratch: Path, testbed: OldSystem
) -> Path:
    """Run conda-ship; return the file that it made."""
    release, work = selection.release, scratch / "work"
    lock = release.cells[selection.cell].files[locks.PIXI]
    # The bundle's lock, which was compared with its sha256.
    text = (scratch / "channel" / release_dir(release.release) / lock).read_text()
    channel = f"file://{_CHANNEL}"
    text = locks.moved(text, release.of(selection.cell), release.platform, channel)
    (work / "pixi.lock").write_text(text)
    (work / "pixi.toml").write_text(manifest(selection, program))
    epoch = int(datetime.fromisoformat(release.time).timestamp())
    sandbox = Sandbox(
        root=testbed.system.root,
        mounts=(
            *MACHINE,
            Mount(source=tool, target=_TOOL),
            Mount(source=scratch / "channel", target=_CHANNEL),
            Mount(source=work, target=_WORK, writable=True),
        ),
        env={
            "PATH": "/usr/bin:/bin",
            "HOME": _WORK,
            "SOURCE_DATE_EPOCH": str(epoch),
            "SSL_CERT_FILE": _CERTIFICATES,
        },
        cwd=_WORK,
    )
    log = testbed.logs / "conda-ship.log"
    argv = testbed.engine.command(sandbox, [f"{_TOOL}/bin/cs", "build", "--out-dir", "dist"])
    done = process.run(argv, log=log, timeout=_TIMEOUT)
    made = work / "dist" / selection.cell
    if done.code or not made.is_file():
        lines = "\n".join(f"    {line}" for line in process.tail(log, _TAIL))
        raise PackFailed(f"conda-ship made no file. Its last lines:\n{lines}", f"Log: {log}")
    return made


def _certificates() -> Path:
    """The certificates of pip, which is always installed."""
    found = find_spec("pip")
    assert found and found.origin
    return Path(found.origin).parent / "_vendor/certifi/cacert.pem"


def _try(
    selection: Selection, file: Path, scratch: Path, testbed: OldSystem, listen: Listener
) -> SmokeReport:
    """Let the file install itself, without network, and run the smoke tests on the bare system.

    It uses this machine's C library for that: conda-ship's programs need libgcc_s.so.1 and
    certificates, which only the bare system lacks.
    """
    home = scratch / "home"
    log = testbed.logs / "install.log"
    _first_run(file, home, testbed.system, testbed.engine, log)
    report = testbed.check(
        selection.cell,
        home / "env",
        [package.name for package in selection.packages],
        product=products.named(selection.release.product),
        scratch=Path(tempfile.mkdtemp(dir=scratch)),
        listen=listen,
    )
    report.raise_for_failure()
    return report


def _first_run(file: Path, home: Path, system: System, engine: Engine, log: Path) -> None:
    sandbox = Sandbox(
        root=system.root,
        mounts=(
            *MACHINE,
            Mount(source=file.parent, target=_TOOL),
            Mount(source=home, target=_WORK, writable=True),
        ),
        env={
            "PATH": "/usr/bin:/bin",
            "HOME": _WORK,
            "TMPDIR": _WORK,
            "CONDA_SHIP_PREFIX": f"{_WORK}/env",
            "SSL_CERT_FILE": _CERTIFICATES,
        },
        cwd=_WORK,
    )
    argv = engine.command(sandbox, [f"{_TOOL}/{file.name}", "--version"])
    done = process.run(argv, log=log, timeout=_TIMEOUT)
    if done.code:
        lines = "\n".join(f"    {line}" for line in process.tail(log, _TAIL))
        raise SmokeFailed(f"{file.name} does not install itself:\n{lines}", f"Log: {log}")
