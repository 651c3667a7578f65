"""Engines: the programs that can run a command in a sandbox.

A sandbox is a read-only root file system with some folders mounted into it, an environment of
its own, no network, its own processes, and an unprivileged user. An engine turns it into an
argument list and starts nothing itself; `process.run` does. docs/sandbox.md tells what each engine
keeps from a hostile build.

The engine's process ends only when every process of the sandbox has ended. So nothing changes
what a sandbox has left behind while it is read.
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

# What the kernel offers in /proc for changing the machine, and what it tells of all its memory and
# processes. Container engines keep the same from their containers (OCI runtime specification:
# readonlyPaths and maskedPaths).
_READ_ONLY = ("sys", "sysrq-trigger", "irq", "bus", "fs", "acpi", "scsi")
_HIDDEN = ("kcore", "keys", "kmsg", "latency_stats", "timer_list", "timer_stats", "sched_debug")


def read_only() -> list[str]:
    """The paths in /proc that a sandbox may not write to, of those that this kernel has."""
    return _in_proc(_READ_ONLY)


def hidden() -> list[str]:
    """The files in /proc that a sandbox has to see as empty, of those that this kernel has."""
    return _in_proc(_HIDDEN)


def _in_proc(names: Sequence[str]) -> list[str]:
    return [f"/proc/{name}" for name in names if Path("/proc", name).exists()]


@dataclass(frozen=True, kw_only=True)
class Mount:
    """A folder of the machine that is seen in the sandbox at `target`, which must exist there."""

    source: Path
    target: str
    writable: bool = False


# What has a sandbox run this machine's own programs, over any root file system.
MACHINE = tuple(
    Mount(source=Path(path), target=path) for path in ("/usr", "/bin", "/lib", "/lib64")
)


@dataclass(frozen=True, kw_only=True)
class Sandbox:
    """What a command sees: root file system, mounts, environment, working folder.

    `name` is a word by which the processes of a container are found on the machine.
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
        """What the user calls it."""

    @property
    def remedy(self) -> str:
        """What to do where it does not work."""

    def probe(self) -> list[str]:
        """The argument list of a trial run, which succeeds where the engine works."""

    def prepare(self, root: Path) -> None:
        """Whatever the engine needs to be done once for a root file system."""

    def command(self, sandbox: Sandbox, argv: Sequence[str]) -> list[str]:
        """The argument list that runs `argv` in the sandbox, on this machine."""
