"""Engines: the programs that can run a command in a sandbox.

A sandbox is a read-only root file system with some mounted folders, its own environment, no
network, its own processes, and an unprivileged user. An engine turns it into an argument list;
`process.run` starts it. docs/sandbox.md lists what each engine protects from a hostile build.

The engine's process ends only when every process of the sandbox has ended. So nothing changes the
files of a sandbox that has ended while rootstock reads them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

UID = 1000  # the user within every sandbox
ALLOW_NAMESPACES = (
    "Allow user namespaces: sysctl kernel.unprivileged_userns_clone=1, or on Ubuntu "
    "kernel.apparmor_restrict_unprivileged_userns=0."
)

# Files in /proc that can change the machine, or that reveal all its memory and processes. Container
# engines protect the same files from their containers (OCI runtime specification: readonlyPaths and
# maskedPaths).
_READ_ONLY = ("sys", "sysrq-trigger", "irq", "bus", "fs", "acpi", "scsi")
_HIDDEN = ("kcore", "keys", "kmsg", "latency_stats", "timer_list", "timer_stats", "sched_debug")


def read_only() -> list[str]:
    """Return the paths in /proc that a sandbox may not write to, if this kernel has them."""
    return _in_proc(_READ_ONLY)


def hidden() -> list[str]:
    """Return the files in /proc that a sandbox sees as empty, if this kernel has them."""
    return _in_proc(_HIDDEN)


def _in_proc(names: Sequence[str]) -> list[str]:
    return [f"/proc/{name}" for name in names if Path("/proc", name).exists()]


@dataclass(frozen=True, kw_only=True)
class Mount:
    """A folder of the machine that the sandbox sees at `target`, which must exist there."""

    source: Path
    target: str
    writable: bool = False


# With these a sandbox runs this machine's own programs, over any root file system.
MACHINE = tuple(
    Mount(source=Path(path), target=path) for path in ("/usr", "/bin", "/lib", "/lib64")
)


@dataclass(frozen=True, kw_only=True)
class Sandbox:
    """What a command sees: root file system, mounts, environment, working folder.

    `name` is a word by which the machine finds the processes of a container.
    """

    root: Path
    name: str = "sandbox"
    mounts: tuple[Mount, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: str = "/"


class Engine(Protocol):
    """A way to run a command in a sandbox."""

    @property
    def name(self) -> str:
        """The name by which users choose it."""

    @property
    def remedy(self) -> str:
        """A remedy when it does not work."""

    def probe(self) -> list[str]:
        """Return the argument list of a trial run, which succeeds where the engine works."""

    def prepare(self, root: Path) -> None:
        """Prepare a root file system, once, as the engine needs it."""

    def command(self, sandbox: Sandbox, argv: Sequence[str]) -> list[str]:
        """Return the argument list that runs `argv` in the sandbox, on this machine."""
