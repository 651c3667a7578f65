"""Resolves the Python packages of the lock files again, with uv, and prints the changes.

uv comes from ci/tools/uv.lock and is installed into the store, like every client program. Nothing
is written before every lock is resolved.
"""

import argparse
import os
import re
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from rootstock.cli import ending
from rootstock.cli.common import CHECKOUT, say
from rootstock.core import process, signals, store, streams, tokens
from rootstock.core.errors import InterruptedByUser, SourceError, UsageError, raising_unwritable
from rootstock.core.formatting import counted
from rootstock.core.progress import Event, Listener
from rootstock.report.terminal import Terminal
from rootstock.sources import tools
from rootstock.stack.resolve import pip_index

_STAGE = "lock"
_COMMAND = "python3 scripts/lock.py"  # the command in the head of each lock
_PYTHON = "3.10"  # the oldest Python of the one resolution for all
_SECONDS = 600.0  # no observed resolution took more than one
_SHOWN = 30  # lines of uv's error message
_PIN = re.compile(r"([A-Za-z0-9][\w.-]*)==([^\s;\\]+)")
_HASH = re.compile(r"--hash=(sha256:[0-9a-f]{64})")
_NO_ANSWER = re.compile("Failed to fetch|Request failed|error sending request|client error")
_EXAMPLES = """\
examples:
  python3 scripts/lock.py --dry-run               what a renewal without new versions would change
  python3 scripts/lock.py requirements-dev.lock   after an edit of pyproject.toml
  python3 scripts/lock.py --upgrade-package ruff  the newest ruff that fits, wherever it is locked
  python3 scripts/lock.py --upgrade --dry-run     what the newest of everything would change

the locks, and what each is made from:
{locks}

exit codes:
  0 done, 2 usage or packages that do not go together, 3 the package registry did not answer,
  4 the machine lacks something, 130 interrupted; nothing is written unless all went well
"""


@dataclass(frozen=True, kw_only=True)
class LockFile:
    """A lock, its source, and uv's options for it; paths are relative to the checkout.

    `group` selects one dependency group of the source. `within` is a lock resolved before this one,
    whose versions this one uses, too.
    """

    path: str
    source: str
    options: tuple[str, ...] = ()
    group: str = ""
    within: str = ""


LOCKS = (
    LockFile(path="requirements.lock", source="pyproject.toml"),
    LockFile(
        path="requirements-dev.lock",
        source="pyproject.toml",
        group="dev",
        within="requirements.lock",
    ),
    LockFile(path="ci/tools/anaconda.lock", source="ci/tools/anaconda.in"),
    LockFile(path="ci/tools/s3.lock", source="ci/tools/s3.in"),
    # Its programs do not need their declared dependency: conda.
    LockFile(
        path="ci/tools/conda-ship.lock", source="ci/tools/conda-ship.in", options=("--no-deps",)
    ),
    LockFile(path="ci/tools/uv.lock", source="ci/tools/uv.in"),
    LockFile(path="ci/tools/build.lock", source="ci/tools/build.in"),
    LockFile(path="ci/tools/docs.lock", source="ci/tools/docs.in"),
    LockFile(path="tests/system/tools/moto.lock", source="tests/system/tools/moto.in"),
    LockFile(
        path="tests/system/tools/conda.lock",
        source="tests/system/tools/conda.in",
        options=("--no-deps",),
    ),
    LockFile(path="tests/system/tools/conda-lock.lock", source="tests/system/tools/conda-lock.in"),
    LockFile(path="tests/system/tools/quetz.lock", source="tests/system/tools/quetz.in"),
    LockFile(
        path="tests/nightly/requirements.lock",
        source="tests/nightly/requirements.in",
        options=("--only-binary", ":all:"),
    ),
)


@dataclass(frozen=True)
class Pins:
    """The entries of one project in a lock: its versions (several by marker) and hashes."""

    versions: tuple[str, ...]
    hashes: frozenset[str]


def read(text: str) -> Mapping[str, Pins]:
    """Return the projects of a lock file by name, in the format of pip and uv."""
    versions: dict[str, list[str]] = {}
    hashes: dict[str, set[str]] = {}
    name = ""
    for line in text.splitlines():
        if pin := _PIN.match(line):
            name = pin[1]
            versions.setdefault(name, []).append(pin[2])
            hashes.setdefault(name, set())
        if name:
            hashes[name].update(_HASH.findall(line))
    return {
        name: Pins(tuple(sorted(found)), frozenset(hashes[name]))
        for name, found in versions.items()
    }


def differences(old: str, new: str) -> list[str]:
    """Return the differences between a new lock and the old one, a line for each project."""
    before, after = read(old), read(new)
    lines = []
    for name in sorted(before.keys() | after.keys()):
        was, becomes = before.get(name), after.get(name)
        if was == becomes:
            continue
        if was is None or becomes is None:
            sign, one = ("+", becomes) if was is None else ("-", was)
            assert one is not None
            lines.append(f"{sign} {name} {', '.join(one.versions)}")
        elif was.versions == becomes.versions:
            more, fewer = len(becomes.hashes - was.hashes), len(was.hashes - becomes.hashes)
            lines.append(
                f"  {name} {', '.join(was.versions)}: {counted(more, 'file')} more, {fewer} fewer"
            )
        else:
            lines.append(f"  {name} {', '.join(was.versions)} -> {', '.join(becomes.versions)}")
    if not lines and old != new:
        lines.append("  the same packages in another form (markers, order or head)")
    return lines


def chosen(names: Sequence[str]) -> list[LockFile]:
    """Return the locks with these paths in the order of their resolution; by default all.

    Raises `UsageError` for a path that is none of them.
    """
    known = [one.path for one in LOCKS]
    for name in names:
        if name not in known:
            raise UsageError(
                f"{name} is not a lock file of Python packages", f"Known: {', '.join(known)}."
            )
    return [one for one in LOCKS if not names or one.path in names]


def words(
    one: LockFile, uv: Path, output: Path, *, within: Path | None, upgrade: Sequence[str] | None
) -> list[str | Path]:
    """Return the command that resolves a lock into `output`, starting from its versions.

    `within` is the lock whose versions it uses. `upgrade` are the projects to upgrade; None: all.
    """
    found: list[str | Path] = [uv, "pip", "compile", "--output-file", output, "--quiet"]
    found += ["--group", f"{one.source}:{one.group}"] if one.group else [one.source]
    found += ["--universal", "--python-version", _PYTHON, "--python", sys.executable]
    # One version for all Pythons, where there is one.
    found += ["--fork-strategy", "fewest"]
    found += ["--generate-hashes", "--no-emit-index-url", "--no-annotate"]
    found += ["--custom-compile-command", _COMMAND]
    if within:
        found += ["--constraint", within]
    if upgrade is None:
        found += ["--upgrade"]
    for name in upgrade or ():
        found += ["--upgrade-package", name]
    return [*found, *one.options]


def resolve(
    locks: Sequence[LockFile], uv: Path, listen: Listener, upgrade: Sequence[str] | None
) -> Mapping[LockFile, str]:
    """Return the new text of each lock, without changing the files.

    Raises `UsageError` with uv's reason when packages do not fit together, `SourceError` when the
    registry does not answer.
    """
    made: dict[LockFile, str] = {}
    with TemporaryDirectory(prefix="rootstock-lock-") as scratch:
        env = {**os.environ, **pip_index()}
        for number, one in enumerate(locks):
            listen(Event(stage=_STAGE, state="progress", done=number, total=len(locks)))
            listen(Event(stage=_STAGE, item=one.path, state="start"))
            started = time.monotonic()
            output = Path(scratch, one.path)
            output.parent.mkdir(parents=True, exist_ok=True)
            if Path(CHECKOUT, one.path).exists():
                output.write_text(Path(CHECKOUT, one.path).read_text())
            within = _newest(one.within, Path(scratch)) if one.within else None
            argv = words(one, uv, output, within=within, upgrade=upgrade)
            # From the checkout: [tool.uv] of its pyproject.toml selects the platforms.
            done = process.run(argv, env=env, cwd=CHECKOUT, timeout=_SECONDS)
            if done.code:
                listen(Event(stage=_STAGE, item=one.path, state="failed"))
                raise _failure(one, done)
            made[one] = output.read_text()
            seconds = time.monotonic() - started
            listen(Event(stage=_STAGE, item=one.path, state="done", seconds=seconds))
    return made


def _newest(path: str, scratch: Path) -> Path:
    """Return a lock as just resolved, or else the one in the checkout."""
    return scratch / path if (scratch / path).exists() else CHECKOUT / path


def _failure(one: LockFile, done: process.Completed) -> UsageError | SourceError:
    lines = done.output.strip().splitlines()[:_SHOWN]
    reason = "\n".join(f"    {line}" for line in lines)
    if done.over:
        return SourceError(
            f"{one.path} was not resolved in {_SECONDS:.0f} s", "Run the same command again."
        )
    if _NO_ANSWER.search(done.output):
        return SourceError(
            f"{one.path} could not be resolved: the package registry failed:\n{reason}",
            "Check the network, the proxy and pip's settings; then run the same command again.",
        )
    return UsageError(
        f"{one.path} could not be resolved:\n{reason}", f"Change the requirements in {one.source}."
    )


def write(made: Mapping[LockFile, str]) -> None:
    """Replace old locks by new ones, each by one rename.

    Raises `UsageError` where the checkout is not writable, `NoSpace` where the disk is full.
    """
    for one, text in made.items():
        place = CHECKOUT / one.path
        with raising_unwritable(place):
            beside = place.with_name(f".{place.name}.new")
            try:
                beside.write_text(text)
                beside.replace(place)
            finally:
                beside.unlink(missing_ok=True)


def parser() -> argparse.ArgumentParser:
    """Return the options of the command."""
    locks = "\n".join(f"  {one.path:<35} {one.source}" for one in LOCKS)
    made = argparse.ArgumentParser(
        prog="scripts/lock.py",
        description="Resolve the lock files of Python packages again. Versions stay "
        "while they fit the requirements, unless an option changes them.",
        epilog=_EXAMPLES.format(locks=locks),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("locks", nargs="*", metavar="LOCK", help="a lock file; all, without one")
    made.add_argument("--upgrade", "-U", action="store_true", help="take the newest of everything")
    made.add_argument(
        "--upgrade-package",
        "-P",
        action="append",
        default=[],
        metavar="NAME",
        help="take the newest of one project; repeatable",
    )
    made.add_argument(
        "--dry-run", action="store_true", help="print what would change, and write nothing"
    )
    return made


def run(argv: Sequence[str]) -> None:
    """Run a command line; raises `RootstockError`, `SystemExit`."""
    asked = parser().parse_args(argv)
    ending.require_folder()
    locks = chosen(asked.locks)
    upgrade = None if asked.upgrade else asked.upgrade_package
    place = store.locate()
    with Terminal() as terminal:
        environment = tools.ensure(CHECKOUT / "ci/tools/uv.lock", place, terminal)
        made = resolve(locks, environment / "bin/uv", terminal, upgrade)
    changed = {
        one: text
        for one, text in made.items()
        if not (CHECKOUT / one.path).exists() or (CHECKOUT / one.path).read_text() != text
    }
    for one, text in changed.items():
        place_of_lock = CHECKOUT / one.path
        old = place_of_lock.read_text() if place_of_lock.exists() else ""
        say([one.path, *(f"  {line}" for line in differences(old, text))])
    if not changed:
        say([f"Nothing changes in {len(made)} locks."])
    elif asked.dry_run:
        say(["Nothing was written."])
    else:
        write(changed)


def main() -> None:
    """Run the command and end the process with an exit code of the command line's contract."""
    streams.ready()
    signals.handle(_interrupt)
    tokens.take()
    failed = None
    try:
        run(sys.argv[1:])
    except SystemExit as error:  # argparse has printed the reason
        sys.exit(error.code)
    except BaseException as error:
        failed = ending.failure(error)
    process.end_all()
    sys.exit(ending.finish(failed, as_json=False))


def _interrupt(number: int, frame: object) -> None:
    process.end_all()
    raise InterruptedByUser("interrupted")


if __name__ == "__main__":
    main()
