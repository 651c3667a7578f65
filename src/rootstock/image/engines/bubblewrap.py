"""The engine bubblewrap: namespaces without root, preferred where it is installed."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rootstock.image.engines import ALLOW_NAMESPACES, UID, Sandbox, hidden, read_only
from rootstock.image.engines.outsider import drop, dropped


@dataclass(frozen=True)
class Bubblewrap:
    """Runs a command with `bwrap`."""

    name: str = "bubblewrap"
    remedy: str = f"Install bubblewrap (the program bwrap). {ALLOW_NAMESPACES}"

    def probe(self) -> list[str]:
        """Return the argument list of a trial run: the same namespaces over the machine's root."""
        words, _ = drop([])
        return [*words, "bwrap", "--unshare-all", "--ro-bind", "/", "/", "--", "true"]

    def prepare(self, root: Path) -> None:
        """Do nothing: the root file system is mounted as it is."""

    def command(self, sandbox: Sandbox, argv: Sequence[str]) -> list[str]:
        """Return the argument list that runs `argv` in the sandbox."""
        words, seen = dropped(sandbox)
        words += ["bwrap", "--unshare-all", "--die-with-parent", "--new-session"]
        # Without a first process of bwrap's own: it has the caller's environment, and processes
        # that the command leaves would outlive it.
        words.append("--as-pid-1")
        words += ["--uid", str(UID), "--gid", str(UID), "--hostname", "rootstock"]
        words += ["--ro-bind", str(seen.root), "/"]
        words += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]
        for path in read_only():
            words += ["--ro-bind", path, path]
        for path in hidden():
            words += ["--ro-bind", "/dev/null", path]
        for mount in seen.mounts:
            words += ["--bind" if mount.writable else "--ro-bind", str(mount.source), mount.target]
        words.append("--clearenv")
        for key, value in sandbox.env.items():
            words += ["--setenv", key, value]
        return [*words, "--chdir", sandbox.cwd, "--", *argv]
