"""The command that audits packages, or explains the rules of the audit."""

import inspect
from typing import Annotated, Any

import typer

from rootstock.audit import catalogue
from rootstock.cli import build
from rootstock.cli.common import print_json, say

_build_and_audit = build.pipeline_command("audit", "")


def audit(
    explain: Annotated[
        str,
        typer.Option(
            help="Explain a rule of the audit, or all of them, and build nothing.", metavar="RULE"
        ),
    ] = "",
    **given: Any,
) -> None:
    """Build, and audit every package: minimum glibc, libraries, RPATH, leaked paths, license.

    Examples:

      rootstock audit --root 6 --py 3.11

      rootstock audit --explain floor

      rootstock audit --explain all --json
    """
    if not explain:
        _build_and_audit(**given)
        return
    names = catalogue.named(explain)
    if given["as_json"]:
        print_json({"rules": [catalogue.as_json(name) for name in names]})
        return
    for name in names:
        say(catalogue.lines(name))


def _with_options_of_build() -> None:
    """Give the command the options of the pipeline, after its own."""
    own, _ = inspect.signature(audit).parameters.values()
    options = [own, *inspect.signature(_build_and_audit).parameters.values()]
    audit.__signature__ = inspect.Signature(options)  # type: ignore[attr-defined]
    audit.__annotations__ = {one.name: one.annotation for one in options}


_with_options_of_build()
COMMANDS = {"audit": audit}
