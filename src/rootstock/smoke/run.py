"""Smoke: prove that a staged set works, freshly installed, on an old and bare system.

The environment is made in one place and mounted, read-only, at another: what passes works at
any prefix, also after it was moved. It is never activated; its programs are called by their
path, with nothing in the environment but PATH. What conda writes as absolute paths at
installation cannot be tested so: programs that are Python scripts are not called, and zoneinfo
is told where its zones are.
"""

import os
import re
import time
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from rootstock import process
from rootstock.channel import environment
from rootstock.errors import MachineError
from rootstock.image.engines import Engine, Mount, Sandbox
from rootstock.progress import Event, Listener, State
from rootstock.smoke.catalogue import CATALOGUE, FOLDER, Check, choose
from rootstock.smoke.report import Outcome, Result, SmokeReport, judge
from rootstock.store import Store

OLD_SYSTEM = "Debian 11"  # what the bare image of ci/images is
PREFIX = "/rootstock/env"
_CHECKS = "/rootstock/checks"
_OUT = "/rootstock/out"
_ENV = {"PATH": "/usr/bin:/bin"}
_AT_ONCE = 2  # a check that compiles at run time takes up to 0.6 GB of memory
_TAIL = 15

# glibc's loader knows where its libc.so.6 is, which tells its version when it is run. There
# may be no other program on the system, and no other way that holds for every distribution.
_ASK_GLIBC = """
loader=/lib64/ld-linux-x86-64.so.2
$loader --list /bin/sh | while read -r name arrow path rest; do
    [ "$name" = libc.so.6 ] && exec $loader "$path"
done
"""


@dataclass(frozen=True)
class System:
    """A root file system to test on, what to call it, and its digest.

    It is `bare` when it has glibc, a shell and nothing that an environment could lean on.
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
    system: System,
    engine: Engine,
    store: Store,
    logs: Path,
    listen: Listener,
) -> SmokeReport:
    """Install `specs` from a channel, its folder or URL, and run every check that applies to them.

    The system's root has folders `/rootstock/env`, `/rootstock/checks`, `/rootstock/out` and
    `/tmp`, glibc with its `ldd`, a shell and coreutils, bash, grep and sed for `root-config`,
    and a user with the sandbox's number in `/etc/passwd` (ROOT ends at once when it finds no
    home). The set is solved for the system's own glibc, so a set whose floor is higher cannot
    be installed.
    Each check writes a log `NAME.log` to `logs`.

    Returns the report, also when checks failed. Raises what `environment.create` raises, and
    `MachineError` when the system does not run in the sandbox.
    """
    started = time.monotonic()
    logs.mkdir(parents=True, exist_ok=True)
    label = f"{cell} on {system.name}"
    listen(Event(stage="smoke", item=label, state="start"))
    glibc = glibc_of(system, engine)
    with store.scratch("smoke") as scratch:
        prefix = scratch / cell
        made = environment.create(
            prefix, specs, channel, cache=store.packages, listen=listen, glibc=glibc
        )
        checks = run_checks(
            prefix,
            [package.name for package in made.packages],
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
    label: str,
    system: System,
    engine: Engine,
    scratch: Path,
    logs: Path,
    listen: Listener,
    at: str = PREFIX,
) -> tuple[Result, ...]:
    """Run the checks that apply to an environment of these packages, by name, in `prefix`.

    It is mounted read-only at `at`, a folder that the system's root must have. What the checks
    write goes to folders in `scratch`.
    """
    apply, reasons = choose(packages, bare=system.bare)

    def run(check: Check) -> Result:
        return _run(check, Mount(source=prefix, target=at), scratch, system, engine, logs)

    results: dict[str, Result] = {}
    with ThreadPoolExecutor(min(_AT_ONCE, os.cpu_count() or 1)) as pool:
        futures = [pool.submit(run, check) for check in apply]
        try:
            for future in as_completed(futures):
                result = future.result()
                results[result.name] = result
                _tell(listen, label, result)
                done, total = len(results), len(apply)
                listen(Event(stage="smoke", item=label, state="progress", done=done, total=total))
        finally:
            pool.shutdown(cancel_futures=True)
    for name, reason in reasons.items():
        results[name] = Result(name=name, outcome="not run", reason=reason)
        _tell(listen, label, results[name])
    return tuple(results[check.name] for check in CATALOGUE)


def glibc_of(system: System, engine: Engine) -> str:
    """The version of a system's glibc; raises `MachineError` when the system does not run."""
    sandbox = Sandbox(root=system.root, env=_ENV)
    asked = process.run(engine.command(sandbox, ["/bin/sh", "-c", _ASK_GLIBC]), timeout=60)
    found = re.search(r"GNU C Library.* version (\d+\.\d+)", asked.output)
    if not found:
        said = " ".join(asked.output.split())[-300:]
        raise MachineError(f"{system.name} does not run with {engine.name}: {said}")
    return found[1]


def _run(
    check: Check, prefix: Mount, scratch: Path, system: System, engine: Engine, logs: Path
) -> Result:
    out = scratch / check.name
    out.mkdir()
    out.chmod(0o777)  # with some engines, the user within is another one than the caller
    log = logs / f"{check.name}.log"
    log.unlink(missing_ok=True)
    sandbox = Sandbox(
        root=system.root,
        mounts=(
            prefix,
            Mount(source=FOLDER, target=_CHECKS),
            Mount(source=out, target=_OUT, writable=True),
        ),
        env=_ENV,
        cwd=_OUT,
    )
    argv = [f"{prefix.target}/bin/python", "-I", f"{_CHECKS}/{check.program}"]
    ended = process.run(engine.command(sandbox, argv), log=log, timeout=check.timeout)
    tail = process.tail(log, _TAIL)
    outcome, reason = judge(ended.code, tail, timed_out=ended.over == "time")
    return Result(
        name=check.name,
        outcome=outcome,
        seconds=round(ended.seconds, 2),
        reason=reason,
        tail=tail,
        log=str(log),
    )


def _tell(listen: Listener, label: str, result: Result) -> None:
    states: dict[Outcome, State] = {"passed": "done", "failed": "failed", "not run": "skipped"}
    listen(
        Event(
            stage="smoke",
            item=f"{label}: {result.name}",
            state=states[result.outcome],
            seconds=result.seconds,
            detail=result.reason,
        )
    )
