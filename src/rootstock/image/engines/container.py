"""docker and podman: for machines whose kernel gives users no namespaces of their own.

The root file system becomes a local image once, under its digest; nothing is pulled.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rootstock import process
from rootstock.errors import MachineError
from rootstock.image.engines import UID, Sandbox


@dataclass(frozen=True)
class Container:
    """Runs a command with `docker run` or `podman run`."""

    name: str

    def probe(self) -> list[str]:
        """A trial run: the engine answers."""
        return [self.name, "info"]

    def prepare(self, root: Path) -> None:
        """Import the root file system as a local image, if the engine does not have it.

        Raises `MachineError` when the engine cannot take it.
        """
        tag = image_tag(root)
        if process.run([self.name, "image", "inspect", tag]).code == 0:
            return
        script = 'tar -C "$1" --numeric-owner -c . | "$2" import - "$3"'
        done = process.run(["sh", "-c", script, "sh", root, self.name, tag])
        if done.code:
            raise MachineError(f"{self.name} could not import the image: {done.output.strip()}")

    def command(self, sandbox: Sandbox, argv: Sequence[str]) -> list[str]:
        """The argument list that runs `argv` in the sandbox."""
        words = [self.name, "run", "--rm", "--init", "--network=none", "--read-only"]
        words += ["--hostname=rootstock", "--tmpfs=/tmp:exec,mode=1777"]
        words += ["--security-opt=no-new-privileges", "--cap-drop=ALL"]
        words += ["--userns=keep-id"] if self.name == "podman" else []
        # As the caller where the caller is nobody special, so that mounts can be written to.
        words.append(f"--user={os.getuid() or UID}:{os.getgid() or UID}")
        for mount in sandbox.mounts:
            mode = "rw" if mount.writable else "ro"
            words.append(f"--volume={mount.source}:{mount.target}:{mode}")
        for key, value in sandbox.env.items():
            words.append(f"--env={key}={value}")
        return [*words, f"--workdir={sandbox.cwd}", image_tag(sandbox.root), *argv]


def image_tag(root: Path) -> str:
    """The local image's name for a root file system of the store (…/images/<digest>/root)."""
    return f"rootstock/{root.parent.name[:40]}"
