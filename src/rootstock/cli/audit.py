"""The command that audits packages and environments, or explains the rules of the audit."""

import inspect
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import typer

from rootstock.audit import catalogue
from rootstock.audit.inspection import DEFAULT_SECONDS, AuditLimits, Inspection, audited
from rootstock.cli import build
from rootstock.cli.common import bytes_of, print_json, say, seconds_of
from rootstock.core.errors import AuditFailed, UsageError
from rootstock.core.formatting import counted
from rootstock.core.names import plain
from rootstock.core.store import locate
from rootstock.report.terminal import Terminal

_build_and_audit = build.pipeline_command("audit", "")
_CHOICES = ("root", "py", "local_python", "only", "sets", "list_", "dry_run", "results")
_EACH = "rootstock audit --explain RULE says more about a rule."


def audit(
    targets: Annotated[
        list[str],
        typer.Argument(
            help="Package files, their URLs, and folders of environments. Without any, the chosen "
            "cells are built and audited.",
            metavar="[FILE|URL|PREFIX]...",
        ),
    ] = [],  # noqa: B006 - typer reads the default and hands on a new list
    explain: Annotated[
        str,
        typer.Option(
            help="Explain a rule of the audit, or all of them, and build nothing.", metavar="RULE"
        ),
    ] = "",
    symbols: Annotated[
        bool,
        typer.Option(
            "--symbols", help="Show which libraries of an environment define equal symbols."
        ),
    ] = False,
    time_limit: Annotated[
        float | None,
        typer.Option(
            parser=seconds_of,
            help="The time limit of the audit of one FILE, without fetching it, or of one build: "
            "like 90s, 45m, 2h or none; 10m and 1h if not given.",
            metavar="TIME",
        ),
    ] = None,
    size_limit: Annotated[
        float | None,
        typer.Option(
            parser=bytes_of,
            help="The most that a FILE may unpack to, like 800M, 4G or none. If not given, 100 "
            "times its own size, but no less than 1G and no more than 64 GiB.",
            metavar="SIZE",
        ),
    ] = None,
    **given: Any,
) -> None:
    """Audit packages: minimum glibc, libraries, RPATH, leaked paths, names, license.

    A FILE is a package of any origin: .conda, .tar.bz2 or a wheel. Nothing of it runs. One that
    takes too long or unpacks to too much is refused. A PREFIX is an environment that conda, mamba
    or rootstock made. It is linked against this machine's glibc. Nothing is built for them.

    Examples:

      rootstock audit numpy-2.4.6-py311h3d59c66_0.conda some-1.0-cp311-cp311-linux_x86_64.whl

      rootstock audit ./root-env --json

      rootstock audit --root 6 --py 3.11

      rootstock audit --explain floor
    """
    if explain:
        _explain(catalogue.named(explain), given["as_json"])
    elif targets:
        if any(given[name] for name in _CHOICES):
            raise UsageError(
                "packages to audit and cells to build were both given",
                "Name packages, or choose cells with --root, --py, --only or --set.",
            )
        seconds = DEFAULT_SECONDS if time_limit is None else time_limit
        _audit(targets, given["as_json"], symbols, AuditLimits(seconds=seconds, most=size_limit))
    else:
        _build_and_audit(time_limit=time_limit, **given)


def _explain(names: Sequence[str], as_json: bool) -> None:
    if as_json:
        print_json({"rules": [catalogue.as_json(name) for name in names]})
        return
    for name in names:
        say(catalogue.lines(name))


def _audit(targets: Sequence[str], as_json: bool, symbols: bool, limits: AuditLimits) -> None:
    """Audit each target, one after the other. Raises `AuditFailed` if one breaks a rule."""
    found: list[Inspection] = []
    store = locate()
    store.prepare()
    with Terminal(quiet=as_json) as terminal:
        for target in targets:
            with store.scratch("audit") as scratch:
                found.append(audited(target, scratch, terminal, limits))
            if as_json:
                print_json({"audited": [one.as_json() for one in found]})
            else:
                say(_lines(found[-1]))
                if symbols:
                    say(_equal_symbols(found[-1]))
    failed = [one for one in found if not one.passed]
    if failed:
        broken = sum(len(one.findings) for one in failed)
        raise AuditFailed(
            f"{len(failed)} of {len(found)} audited break rules: {counted(broken, 'finding')}.",
            _EACH,
        )


def _lines(one: Inspection) -> Iterator[str]:
    yield f"{one.name}: {one.kind}, {counted(one.elf_files, 'compiled file')}, {one.seconds:.1f} s"
    if one.elf_files:
        declared = f"glibc {one.declared}" if one.declared else "no glibc"
        yield f"  declares {declared}, needs glibc {one.proven or 'of any version'}"
    if one.prover:
        yield f"  by {one.prover}"
    if one.needs:
        yield f"  libraries of other packages: {', '.join(one.needs)}"
    for finding in one.findings:
        yield f"  {finding.rule}: {finding.file} {finding.message}"


def _equal_symbols(one: Inspection) -> Iterator[str]:
    for pair in one.duplicates:
        first, second = map(plain, pair.libraries)
        yield f"  {counted(pair.symbols, 'equal symbol')} ({pair.name}): {first} and {second}"
        for bound in pair.bound:
            yield f"    {plain(bound.file)} may bind {bound.symbols} of them to {plain(bound.to)}"


def _with_options_of_build() -> None:
    """Give the command the options of the pipeline, after its own."""
    own = list(inspect.signature(audit).parameters.values())[:-1]
    mine = {one.name for one in own}
    others = inspect.signature(_build_and_audit).parameters.values()
    options = [*own, *(one for one in others if one.name not in mine)]
    audit.__signature__ = inspect.Signature(options)  # type: ignore[attr-defined]
    audit.__annotations__ = {one.name: one.annotation for one in options}


_with_options_of_build()
COMMANDS = {"audit": audit}
