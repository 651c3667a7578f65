"""Trials: what was made for elsewhere is used on an old and bare system, without network."""

import hashlib
import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path

from rootstock.core.checkout import Checkout
from rootstock.core.errors import UsageError
from rootstock.core.progress import Event, Listener, State
from rootstock.core.store import Store
from rootstock.image.engines import Engine
from rootstock.image.engines.outsider import admit
from rootstock.product.model import Product
from rootstock.smoke import testbed
from rootstock.smoke.report import SmokeReport
from rootstock.smoke.run import PREFIX, System, glibc_of, run_checks

# Folders that sandboxes have of their own: what is below them on the system is not seen.
_OWN = ("/tmp/", "/dev/", "/proc/", "/sys/", "/rootstock/")
_ELSE = "Choose another path, or do not try it: --no-test."


@dataclass(frozen=True, kw_only=True)
class OldSystem:
    """Where trials are made: a system, what isolates it, and where logs are written."""

    system: System
    engine: Engine
    logs: Path

    def require_mountable(self, at: str) -> None:
        """Raise `UsageError` where an environment at a path would hide a part of the system."""
        place = self.system.root / at.lstrip("/")
        if place.is_symlink() or (place.is_dir() and any(place.iterdir())):
            raise UsageError(f"an environment at {at} would hide a folder of the system", _ELSE)

    def check(
        self,
        cell: str,
        prefix: Path,
        packages: Sequence[str],
        *,
        product: Product,
        at: str = PREFIX,
        scratch: Path,
        listen: Listener,
    ) -> SmokeReport:
        """Run the smoke tests of a cell in an environment of packages, by name.

        It is mounted read-only at `at`. The report has nothing of the packages' files.
        """
        started = time.monotonic()
        system = with_folder(self.system, at, scratch)
        self.engine.prepare(system.root)
        label = f"{cell} at {at} on {system.name}"
        listen(Event(stage="smoke", item=label, state="start"))
        checks = run_checks(
            prefix,
            packages,
            product=product,
            label=label,
            system=system,
            engine=self.engine,
            scratch=scratch,
            logs=self.logs,
            listen=listen,
            at=at,
        )
        report = SmokeReport(
            cell=cell,
            system=system.name,
            glibc=glibc_of(system, self.engine),
            seconds=round(time.monotonic() - started, 2),
            checks=checks,
            packages=(),
        )
        state: State = "done" if report.passed else "failed"
        listen(Event(stage="smoke", item=label, state=state, seconds=report.seconds))
        return report


def check_place(at: str) -> None:
    """Raise `UsageError` where a sandbox would hide an environment at a path."""
    if f"{at}/".startswith(_OWN):
        raise UsageError(
            f"an environment at {at} cannot be tried: the sandbox has a /{at.split('/')[1]} of "
            "its own",
            _ELSE,
        )


def old_system(
    checkout: Checkout, engine: str, store: Store, listen: Listener, *, relock: bool = False
) -> OldSystem:
    """The old and bare system of the smoke tests, which is made if it is not in the store.

    Raises what `testbed.prepare` does.
    """
    store.prepare()
    system, chosen = testbed.prepare(checkout, engine, store, listen, relock=relock)
    name = f"{datetime.now(timezone.utc):%Y%m%dT%H%M%SZ}-{os.getpid()}"
    logs = store.runs / name
    logs.mkdir()
    return OldSystem(system=system, engine=chosen, logs=logs)


def with_folder(system: System, folder: str, scratch: Path) -> System:
    """The system with a folder to mount something at; a copy of it, where it has none such."""
    below = folder.lstrip("/")
    if (system.root / below).is_dir():
        return system
    digest = hashlib.sha256(f"{system.digest} {folder}".encode()).hexdigest()
    root = scratch / digest / "root"
    shutil.copytree(system.root, root, symlinks=True, copy_function=_link)
    (root / below).mkdir(parents=True)
    admit(root)  # whatever umask made the folders
    return replace(system, root=root, digest=digest)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:  # another owner, another file system
        shutil.copy2(source, target, follow_symlinks=False)
