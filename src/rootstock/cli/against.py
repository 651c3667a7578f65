"""`rootstock verify --against`: compares with another builder's release, and signs the result."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from rootstock.channel.reader import LATEST, Channel
from rootstock.channel.release_model import Release
from rootstock.cli.build import RunFailed
from rootstock.cli.common import ask_passphrase, print_json, say
from rootstock.cli.plan import show
from rootstock.core.errors import UsageError, raising_unwritable
from rootstock.core.store import locate
from rootstock.release import attest, check, keys
from rootstock.report.terminal import Terminal
from rootstock.run.pipeline import run
from rootstock.run.request import Request
from rootstock.verify import against


def verify_against(
    named: str,
    words: Sequence[str],
    request: Request,
    file: Path | None,
    *,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Build what a release of the channel `named` has, compare it, and sign for it in `file`.

    Raises `UsageError` for several releases, and when `file` is given and there is no key;
    `VerifyFailed` when a package differs, and what a build raises.
    """
    if len(words) > 1:
        raise UsageError("--against takes one release")
    channel = Channel.at(named)
    release = _present(channel, channel.release_named(words[0] if words else LATEST))
    request = replace(request, axes=_axes(release), against=release)
    if dry_run:
        show(request, as_json)
        return
    key = _key() if file else None
    store, name = locate(), f"release {release.release} of {channel}"
    with Terminal(quiet=as_json) as terminal:
        record, _ = run(request, store, terminal, "build")
        if record.code:
            raise RunFailed(record.error, record.remedy, record.code)
        made = against.built(release, store)
        verdicts = against.compare_all(channel, release, made, store, terminal)
    same = {verdict.filename: verdict.sha256 for verdict in verdicts if verdict.outcome == "same"}
    packages = [verdict.as_json() for verdict in verdicts]
    answer = {"release": release.release, "packages": packages, "attestation": "", "key": ""}
    if not as_json:
        say(line for verdict in verdicts for line in verdict.lines)
    terminal.say(f"{len(same)} of {len(verdicts)} packages are as in {name}.")
    if key and file and same:
        _sign(release, same, key, file)
        answer |= {"attestation": str(file), "key": key.public.id}
        terminal.say(f"Signed with the key {key.public.id}: {file}")
    if as_json:
        print_json(answer)
    against.raise_for_difference(verdicts, name)


def _present(channel: Channel, number: int) -> Release:
    """Read a release; of a bundle only the packages that it has."""
    release = channel.release(number)
    packages = [p for cell in check.cells_of(channel, release) for p in release.of(cell)]
    return replace(release, packages={package.filename: package for package in packages})


def _axes(release: Release) -> dict[str, tuple[str, ...]]:
    """The values of each axis among the cells of a release."""
    values: dict[str, tuple[str, ...]] = {}
    for cell in release.cells.values():
        for axis, value in cell.axes.items():
            values[axis] = (*values.get(axis, ()), value)
    return values


def _sign(release: Release, same: Mapping[str, str], key: keys.Private, file: Path) -> None:
    """Sign for packages of a release, of which `same` has the sha256 by file name."""
    build_keys = {name: release.packages[name].key for name in same}
    statement = attest.of_builds(same, build_keys, key.public.id)
    with raising_unwritable(file):
        file.write_text(attest.sign(statement, key))


def _key() -> keys.Private:
    if found := keys.mine(ask_passphrase):
        return found.open()
    raise UsageError("there is no key to sign with", "Make one with `rootstock keys new`.")
