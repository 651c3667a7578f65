"""The environment of a cell in which further tests run, each in a sandbox of its own.

As in the smoke tests it is mounted read-only at another place, on the old and bare system, without
network. A test has a writable folder, which has its home, and may call the programs of the
environment.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rootstock.building.artifact import Artifact
from rootstock.core import result_cache
from rootstock.core.progress import Listener
from rootstock.core.store import Store
from rootstock.environment import creation
from rootstock.image.engines import Engine, Mount, Sandbox
from rootstock.image.engines.outsider import admit
from rootstock.smoke.run import PREFIX, System, glibc_of

OUT = "/rootstock/out"  # a folder of the system's root that also serves the smoke tests
_ENV = {
    "PATH": f"{PREFIX}/bin:/usr/bin:/bin",
    "HOME": f"{OUT}/home",
    "TMPDIR": f"{OUT}/tmp",
    "LANG": "C.UTF-8",
    "PYTHONTZPATH": f"{PREFIX}/share/zoneinfo",  # Python would use the path of the installation
}


@dataclass(frozen=True, kw_only=True)
class Bench:
    """The environment in which tests of a cell run: its packages and its system.

    `specs` are solved from a channel of only the `artifacts`, which `stage` makes. `engine` returns
    what isolates the tests; it is not called when the store has all results. A test may hold
    `memory` bytes.
    """

    cell: str
    specs: Sequence[str]
    artifacts: Sequence[Artifact]
    stage: Callable[[Sequence[Artifact], Path], Path]
    system: System
    engine: Callable[[], Engine]
    memory: float

    def digest(self, room: Path, own: str) -> str:
        """Return a digest over a test, `own`, the room that runs it, and all that it runs on."""
        program = f"{result_cache.environments(room)} {result_cache.program(Path(__file__))}"
        hashes = sorted(artifact.sha256 for artifact in self.artifacts)
        return result_cache.digest(
            program, self.cell, self.system.digest, own, *self.specs, *hashes
        )

    def install(self, scratch: Path, prefix: Path, store: Store, listen: Listener) -> None:
        """Make the environment; raises what `environment.create` raises."""
        glibc = glibc_of(self.system, self.engine())
        channel = self.stage(self.artifacts, scratch / "channel")
        creation.create(
            prefix, self.specs, channel, cache=store.packages, listen=listen, glibc=glibc
        )
        admit(prefix)


def sandbox(system: System, prefix: Path, out: Path, *mounts: Mount, cwd: str = OUT) -> Sandbox:
    """Return the sandbox of a test that writes to the folder `out`, where it has its home."""
    for name in ("home", "tmp"):
        (out / name).mkdir()
    admit(out, write=True)
    return Sandbox(
        root=system.root,
        mounts=(
            Mount(source=prefix, target=PREFIX),
            *mounts,
            Mount(source=out, target=OUT, writable=True),
        ),
        env=_ENV,
        cwd=cwd,
    )
