"""bubblewrap: namespaces without root, the engine of choice where it is installed."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rootstock.image.engines import ALLOW_NAMESPACES, UID, Sandbox


@dataclass(frozen=True)
class Bubblewrap:
    """Runs a command with `bwrap`."""

    name: str = "bubblewrap"
    remedy: str = f"Install bubblewrap (the program bwrap). {ALLOW_NAMESPACES}"

    def probe(self) -> list[str]:
        """A trial run: the same namespaces over the machine's own root."""
        return ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "--", "true"]

    def prepare(self, root: Path) -> None:
        """Nothing: the root file system is mounted as it is."""

    def command(self, sandbox: Sandbox, argv: Sequence[str]) -> list[str]:
        """The argument list that runs `argv` in the sandbox."""
        words = ["bwrap", "--unshare-all", "--die-with-parent", "--new-session"]
        words += ["--uid", str(UID), "--gid", str(UID), "--hostname", "rootstock"]
        words += ["--ro-bind", str(sandbox.root), "/"]
        words += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]
        for mount in sandbox.mounts:
            words += ["--bind" if mount.writable else "--ro-bind", str(mount.source), mount.target]
        words.append("--clearenv")
        for key, value in sandbox.env.items():
            words += ["--setenv", key, value]
        return [*words, "--chdir", sandbox.cwd, "--", *argv]
