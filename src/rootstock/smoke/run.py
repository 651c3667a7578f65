"""Smoke: tests that a staged set works, freshly installed, on an old and bare system.

The environment is made in one place and mounted, read-only, at another, so a passed test shows that
it works at any prefix and after a move. It is never activated; programs are called by their path,
with only PATH in the environment. This cannot test absolute paths that conda writes at
installation: no Python script is called, and zoneinfo gets the path of its zones.
"""

import os
import re
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rootstock.core import process
from rootstock.core.errors import MachineError
from rootstock.core.progress import Event, Listener, State
from rootstock.core.store import Store
from rootstock.environment import creation
from rootstock.image.engines import Engine, Mount, Sandbox
from rootstock.image.engines.outsider import admit
from rootstock.image.output import NotTaken, copy
from rootstock.product.model import Check, Product
from rootstock.smoke.choose import FOLDER, INSIDE, choose
from rootstock.smoke.report import CheckResult, Outcome, SmokeReport, judge

OLD_SYSTEM = "Debian 11"  # the bare image of ci/images
PREFIX = "/rootstock/env"
_CHECKS = "/rootstock/checks"
_OUT = "/rootstock/out"
_ENV = {"PATH": "/usr/bin:/bin"}
_AT_ONCE = 2  # a check that compiles at run time takes up to 0.6 GB of memory
_START = 120  # seconds for the start of ROOT by the program that runs the checks, on a busy machine
_TAIL = 15
_LOG = 16 << 20  # bytes of the end of a check's log that are stored
_STATES: Mapping[Outcome, State] = {"passed": "done", "failed": "failed", "not run": "skipped"}
# A line about an ended check: checks/_inside.py.
_ENDED = re.compile(r"(?P<name>\w+) (?P<code>-?\d+|over) (?P<seconds>\d+\.\d+)")

# glibc's loader finds libc.so.6, which prints its version when it runs. The system may have no
# other program, and no other way works on every distribution.
_ASK_GLIBC = """
loader=/lib64/ld-linux-x86-64.so.2
$loader --list /bin/sh | while read -r name arrow path rest; do
    [ "$name" = libc.so.6 ] && exec $loader "$path"
done
"""


@dataclass(frozen=True)
class System:
    """A root file system to test on, its name for people, and its digest.

    It is `bare` when it has glibc, a shell and nothing that an environment could use by accident.
    """

    name: str
    root: Path
    digest: str
    bare: bool = True


def smoke(
    cell: str,
    specs: Sequence[str],
    channel: Path | str,
    *,
    product: Product,
    system: System,
    engine: Engine,
    store: Store,
    logs: Path,
    listen: Listener,
) -> SmokeReport:
    """Install `specs` from a channel (folder or URL), and run every check that applies.

    The system's root has folders `/rootstock/env`, `/rootstock/checks`, `/rootstock/out` and
    `/tmp`. It has glibc with its `ldd`, a shell and coreutils, and bash, grep and sed for
    `root-config`. `/etc/passwd` has a user with the sandbox's number (ROOT ends at once when it
    finds no home). The set is solved for the system's own glibc, so a set with a higher minimum
    glibc cannot be installed. Each check writes a log `NAME.log` to `logs`.

    Returns the report even when checks failed. Raises what `environment.create` raises, and
    `MachineError` when the system does not run in the sandbox.
    """
    started = time.monotonic()
    logs.mkdir(parents=True, exist_ok=True)
    label = f"{cell} on {system.name}"
    listen(Event(stage="smoke", item=label, state="start"))
    glibc = glibc_of(system, engine)
    with store.scratch("smoke") as scratch:
        prefix = scratch / cell
        made = creation.create(
            prefix, specs, channel, cache=store.packages, listen=listen, glibc=glibc
        )
        checks = run_checks(
            prefix,
            [package.name for package in made.packages],
            product=product,
            label=label,
            system=system,
            engine=engine,
            scratch=scratch,
            logs=logs,
            listen=listen,
        )
    report = SmokeReport(
        cell=cell,
        system=system.name,
        glibc=glibc,
        seconds=round(time.monotonic() - started, 2),
        checks=checks,
        packages=made.packages,
    )
    state: State = "done" if report.passed else "failed"
    listen(Event(stage="smoke", item=label, state=state, seconds=report.seconds))
    return report


def run_checks(
    prefix: Path,
    packages: Collection[str],
    *,
    product: Product,
    label: str,
    system: System,
    engine: Engine,
    scratch: Path,
    logs: Path,
    listen: Listener,
    at: str = PREFIX,
) -> tuple[CheckResult, ...]:
    """Run the checks that apply to an environment of these packages, by name, in `prefix`.

    It is mounted read-only at `at`, a folder that the system's root must have. The checks write
    files to a folder in `scratch`, and their output to `logs`.
    """
    apply, reasons = choose(packages, product.checks, bare=system.bare)
    results: dict[str, CheckResult] = {}

    def report(result: CheckResult) -> None:
        results[result.name] = result
        listen(
            Event(
                stage="smoke",
                item=f"{label}: {result.name}",
                state=_STATES[result.outcome],
                seconds=result.seconds,
                detail=result.reason,
            )
        )

    def ended(result: CheckResult) -> None:
        report(result)
        done, total = len(results), len(apply)
        listen(Event(stage="smoke", item=label, state="progress", done=done, total=total))

    if apply:
        out = scratch / "checks"
        out.mkdir()
        admit(out, write=True)
        programs = product.programs or FOLDER
        for folder in (prefix, programs):
            admit(folder)
        sandbox = Sandbox(
            root=system.root,
            mounts=(
                Mount(source=prefix, target=at),
                Mount(source=programs, target=_CHECKS),
                Mount(source=out, target=_OUT, writable=True),
            ),
            env=_ENV,
            cwd=_OUT,
        )
        _run(apply, f"{at}/{product.runner}", engine, sandbox, out, logs, ended)
    for name, reason in reasons.items():
        report(CheckResult(name=name, outcome="not run", reason=reason))
    return tuple(results[check.name] for check in product.checks)


def glibc_of(system: System, engine: Engine) -> str:
    """Return a system's glibc version; raises `MachineError` when the system does not run."""
    sandbox = Sandbox(root=system.root, env=_ENV)
    asked = process.run(engine.command(sandbox, ["/bin/sh", "-c", _ASK_GLIBC]), timeout=60)
    found = re.search(r"GNU C Library.* version (\d+\.\d+)", asked.output)
    if not found:
        output = " ".join(asked.output.split())[-300:]
        raise MachineError(f"{system.name} does not run with {engine.name}: {output}")
    return found[1]


def _run(
    checks: Sequence[Check],
    runner: str,
    engine: Engine,
    sandbox: Sandbox,
    out: Path,
    logs: Path,
    ended: Callable[[CheckResult], None],
) -> None:
    """Run the checks in one sandbox, which sees `out` as its folder; call `ended` for each."""
    waiting = {check.name: check for check in checks}
    noise: list[str] = []

    def read(line: str) -> None:
        match = _ENDED.fullmatch(line)
        if match is None or match["name"] not in waiting:
            noise.append(line)
            return
        name, over = match["name"], match["code"] == "over"
        del waiting[name]
        log = logs / f"{name}.log"
        try:
            copy(out, log.name, log, _LOG)
        except NotTaken as error:
            log.write_text(f"The check left no log: {error}\n")
        tail = process.tail(log, _TAIL)
        outcome, reason = judge(0 if over else int(match["code"]), tail, timed_out=over)
        ended(
            CheckResult(
                name=name,
                outcome=outcome,
                seconds=float(match["seconds"]),
                reason=reason,
                tail=tail,
                log=str(log),
            )
        )

    at_once = min(_AT_ONCE, os.cpu_count() or 1)
    argv = [runner, "-I", f"{_CHECKS}/{INSIDE}", str(at_once), *map(_word, checks)]
    limit = _START + sum(check.timeout for check in checks)
    done = process.follow(engine.command(sandbox, argv), read, timeout=limit)
    if not waiting:
        return
    log = logs / "checks.log"
    log.write_text("".join(f"{line}\n" for line in noise))
    _, reason = judge(done.code, (), timed_out=done.over == "time")
    for name in tuple(waiting):
        ended(
            CheckResult(
                name=name,
                outcome="failed",
                reason="it did not end: the program that runs the checks ended first: "
                + (reason or "exit code 0"),
                tail=tuple(noise[-_TAIL:]),
                log=str(log),
            )
        )


def _word(check: Check) -> str:
    """A check as an argument of the program in the sandbox."""
    return f"{check.name},{check.timeout:g},{'forked' if check.forked else 'fresh'}"
