"""The engine unshare: the same namespaces with util-linux only, without bubblewrap.

Two user namespaces, one within the other: in the outer one the caller is root and makes the mounts;
the command runs in the inner one as an unprivileged user.
"""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rootstock.image.engines import ALLOW_NAMESPACES, UID, Sandbox, hidden, read_only
from rootstock.image.engines.outsider import drop, dropped

_OUTER = ["unshare", "--user", "--map-root-user", "--mount", "--pid", "--fork"]
_OUTER += ["--kill-child", "--net", "--ipc", "--uts"]
# The only devices of /dev that a build may open.
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")


@dataclass(frozen=True)
class Unshare:
    """Runs a command with `unshare` and `mount`."""

    name: str = "unshare"
    remedy: str = f"Install util-linux. {ALLOW_NAMESPACES}"

    def probe(self) -> list[str]:
        """Return the argument list of a trial run: both user namespaces, one mount, no command."""
        inner = f"mount -t tmpfs tmpfs /tmp && exec unshare --user --map-user={UID} true"
        words, _ = drop([])
        return [*words, *_OUTER, "--", "/bin/sh", "-euc", inner]

    def prepare(self, root: Path) -> None:
        """Do nothing: the root file system is mounted as it is."""

    def command(self, sandbox: Sandbox, argv: Sequence[str]) -> list[str]:
        """Return the argument list that runs `argv` in the sandbox."""
        words, seen = dropped(sandbox)
        return [*words, *_OUTER, "--", "/bin/sh", "-euc", _script(seen, argv)]


def _script(sandbox: Sandbox, argv: Sequence[str]) -> str:
    root = shlex.quote(str(sandbox.root))
    lines = [
        "hostname rootstock 2>/dev/null || true",
        "ip link set lo up 2>/dev/null || true",
        f"R={root}",
        'mount --rbind "$R" "$R"',
        'mount -o remount,bind,ro "$R"',
        'mount -t proc proc "$R/proc"',
        *(f'mount -o bind,ro "$R{path}" "$R{path}"' for path in read_only()),
        *(f'mount -o bind,ro /dev/null "$R{path}"' for path in hidden()),
        'mount -t tmpfs -o mode=1777 tmpfs "$R/tmp"',
        'mount -t tmpfs -o mode=0755 tmpfs "$R/dev"',
        'mkdir "$R/dev/shm" "$R/dev/pts"',
        'mount -t tmpfs -o mode=1777 tmpfs "$R/dev/shm"',
        'ln -s /proc/self/fd "$R/dev/fd"',
        'ln -s /proc/self/fd/0 "$R/dev/stdin"',
        'ln -s /proc/self/fd/1 "$R/dev/stdout"',
        'ln -s /proc/self/fd/2 "$R/dev/stderr"',
        'mount -t devpts -o newinstance,ptmxmode=0666 devpts "$R/dev/pts" 2>/dev/null || true',
        'ln -s pts/ptmx "$R/dev/ptmx"',
    ]
    for device in _DEVICES:
        lines.append(f'[ ! -e /dev/{device} ] || {{ : >"$R/dev/{device}"')
        lines.append(f'mount --bind /dev/{device} "$R/dev/{device}"; }}')
    for mount in sandbox.mounts:
        source, target = shlex.quote(str(mount.source)), f'"$R"{shlex.quote(mount.target)}'
        lines.append(f"mount -o {'bind' if mount.writable else 'bind,ro'} {source} {target}")
    env = [f"{key}={value}" for key, value in sandbox.env.items()]
    inner = ["unshare", "--user", f"--map-user={UID}", f"--map-group={UID}"]
    inner += ["--root=" + str(sandbox.root), "--wd=" + sandbox.cwd]
    lines.append("exec " + shlex.join([*inner, "env", "-i", *env, *argv]))
    return "\n".join(lines)
