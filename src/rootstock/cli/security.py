"""The command that compares the recipes with Debian's security patches."""

from typing import Annotated

import typer

from rootstock.cli.common import CHECKOUT, CheckoutFolder, Json, print_json, say
from rootstock.core.checkout import Checkout
from rootstock.core.formatting import columns
from rootstock.core.store import locate
from rootstock.maintain import security as surveys
from rootstock.maintain.security import Surveyed
from rootstock.report.terminal import Terminal


def security(
    write: Annotated[
        bool, typer.Option("--write", help="Renew ci/security.yaml; its states stay.")
    ] = False,
    checkout: CheckoutFolder = CHECKOUT,
    as_json: Json = False,
) -> None:
    """Compare the recipes with the security patches that Debian has for the same sources.

    For each source that Debian has, it lists the newest revision with that source, and how many
    CVEs Debian names for it. It also says how many the recipe patches, and which are open.

    Examples:

      rootstock security

      rootstock security --write
    """
    files, store = Checkout(checkout), locate()
    store.prepare()
    with Terminal() as terminal:
        found = surveys.survey(files, store, terminal)
    if write:
        files.security.write_text(surveys.text_of(found))
    if as_json:
        print_json({"sources": [_row(one) for one in found]})
        return
    head = ("source", "Debian", "CVEs", "patched", "open")
    say(columns([head, *map(_cells, found)], right=(2, 3)))
    say(line for one in found for line in _notes(one))


def _row(one: Surveyed) -> dict[str, object]:
    return {
        "packages": one.packages,
        "version": one.version,
        "debian": one.known.debian,
        "sha256": one.known.sha256,
        "outdated": one.outdated,
        "later": one.known.later,
        "patched": [found.cve for found in one.vulnerabilities if found.patches],
        "open": [found.cve for found in one.vulnerabilities if found.open],
    }


def _cells(one: Surveyed) -> tuple[str, ...]:
    revision = one.known.revision or "none of this source"
    patched = sum(bool(found.patches) for found in one.vulnerabilities)
    open_ = ", ".join(found.cve for found in one.vulnerabilities if found.open)
    return (
        f"{one.packages[0]} {one.version}",
        revision,
        str(len(one.vulnerabilities)),
        str(patched),
        open_,
    )


def _notes(one: Surveyed) -> list[str]:
    """Return what a maintainer has to do about a source."""
    notes = []
    if one.outdated:
        notes.append(
            f"{one.packages[0]}: the recipe has an older revision. Now: {one.known.debian}"
        )
        notes.append(f"  sha256: {one.known.sha256}")
    if one.known.later:
        later = ", ".join(one.known.later)
        notes.append(f"{one.packages[0]}: nobody looked at Debian's later revisions: {later}")
    return notes


COMMANDS = {"security": security}
