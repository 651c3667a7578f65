"""The engines docker and podman: for kernels that give users no namespaces of their own.

The root file system becomes a local image once, under its digest; nothing is pulled.

A container is no child of the program that asked for it, and would outlive it. So its standard
input is a pipe that ends with that program, however it ends. A watcher inside sees the end and
kills everything.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rootstock.core import process
from rootstock.core.errors import MachineError
from rootstock.image.engines import MACHINE, UID, Mount, Sandbox

_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY")
_WITHOUT_PROXIES = [f"--env={name}=" for one in _PROXIES for name in (one, one.lower())]
# Standard input is a pipe opened for reading and writing: it ends with its only holder.
_TETHERED = ["bash", "-c", 'exec "$@" 0<> <(:)', "tethered"]
# Runs first in the container; `env -i` drops the engine's own variables.
_WATCHED = """
exec 3<&0 </dev/null
(read -r _ <&3; kill -KILL -1) >/dev/null 2>&1 &
exec env -i "$@" 2>&1 3<&-
"""

_IMPORT = """
id=$(tar -C "$2" --owner=0 --group=0 --numeric-owner -c . | "$1" import -)
"$1" tag "$id" "$3"
"""
# Runs a program of this machine, which writes a file that must belong to the caller.
_PROBE = """
command -v "$1" >/dev/null || { echo "$1 is not on this machine"; exit 1; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
chmod 777 "$folder"
"$1" image inspect "$2" >/dev/null 2>&1 ||
    tar -c --files-from=/dev/null | "$1" import - "$2" >"$folder/id"
shift 2
"${@//FOLDER/$folder}"
[ "$(id -u)" = 0 ] || [ -O "$folder/file" ] || { echo "its files belong to another user"; exit 1; }
"""


@dataclass(frozen=True)
class Container:
    """Runs a command with `docker run` or `podman run`."""

    name: str
    remedy: str

    def probe(self) -> list[str]:
        """Return the argument list of a trial run: a container that writes a file."""
        mounts = [*MACHINE, Mount(source=Path("FOLDER"), target="/tmp/out", writable=True)]
        trial = [*self._run(mounts), _PROBE_IMAGE, "/bin/sh", "-c", "echo >/tmp/out/file"]
        return ["bash", "-o", "pipefail", "-euc", _PROBE, "probe", self.name, _PROBE_IMAGE, *trial]

    def prepare(self, root: Path) -> None:
        """Import the root file system as a local image, if the engine lacks it.

        Raises `MachineError` when the import fails.
        """
        if self._names_caller:
            users = (root / "etc/passwd").read_text()
            line = f"caller:x:{os.getuid()}:{os.getgid()}::/tmp:/bin/sh\n"
            _users(root).write_text(users + line)
        tag = image_tag(root)
        if process.run([self.name, "image", "inspect", tag]).code == 0:
            return
        script = ["bash", "-o", "pipefail", "-euc", _IMPORT, "import"]
        done = process.run([*script, self.name, root, tag])
        if done.code:
            raise MachineError(f"{self.name} could not import the image: {done.output.strip()}")

    def command(self, sandbox: Sandbox, argv: Sequence[str]) -> list[str]:
        """Return the argument list that runs `argv` in the sandbox."""
        mounts = list(sandbox.mounts)
        if self._names_caller:
            mounts.append(Mount(source=_users(sandbox.root), target="/etc/passwd"))
        words = [*_TETHERED, *self._run(mounts), f"--workdir={sandbox.cwd}"]
        words += [image_tag(sandbox.root), "/bin/sh", "-c", _WATCHED, sandbox.name]
        return [*words, *(f"{key}={value}" for key, value in sandbox.env.items()), *argv]

    @property
    def _names_caller(self) -> bool:
        """Whether the image does not know the user inside."""
        return self.name == "docker" and os.getuid() not in (0, UID)

    def _run(self, mounts: Sequence[Mount]) -> list[str]:
        words = [self.name, "run", "--rm", "--init", "--interactive", "--pull=never"]
        words += ["--network=none", "--read-only", "--hostname=rootstock", "--log-driver=none"]
        words += ["--tmpfs=/tmp:exec,mode=1777"]
        words += ["--security-opt=no-new-privileges", "--security-opt=label=disable"]
        words += ["--cap-drop=ALL", *self._user()]
        # Both pass on the caller's proxies, whose addresses may contain a password.
        words += ["--http-proxy=false"] if self.name == "podman" else _WITHOUT_PROXIES
        for mount in mounts:
            place = f'type=bind,"source={mount.source}","target={mount.target}"'
            words += ["--mount", place if mount.writable else f"{place},readonly"]
        return words

    def _user(self) -> list[str]:
        """A user without rights inside, who is the caller outside unless that is root."""
        if self.name == "podman":
            own = [] if os.getuid() == 0 else [f"--userns=keep-id:uid={UID},gid={UID}"]
            return [f"--user={UID}:{UID}", "--read-only-tmpfs=false", *own]
        return [f"--user={os.getuid() or UID}:{os.getgid() or UID}"]


_PROBE_IMAGE = "localhost/rootstock:probe"


def image_tag(root: Path) -> str:
    """The local image's name for a root file system of the store (…/images/<digest>/root)."""
    return f"localhost/rootstock:{root.parent.name[:40]}"


def _users(root: Path) -> Path:
    return root.parent / f"passwd-{os.getuid()}"
