"""The command that checks whether other builds give the same bytes, or checks a release."""

import os
import re
from collections.abc import Sequence
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from rootstock.channel.reader import LATEST, Channel
from rootstock.cli.builders import Attestations, Count, builders_of
from rootstock.cli.common import (
    CHECKOUT,
    AnyChannel,
    BuildEngineName,
    CheckoutIfNeeded,
    Jobs,
    Json,
    Level,
    Offline,
    ProfileName,
    Relock,
    print_json,
    say,
)
from rootstock.core.checkout import Checkout
from rootstock.core.errors import UsageError
from rootstock.core.store import locate
from rootstock.image import profiles
from rootstock.image.engines.choose import choose
from rootstock.release import check, keys
from rootstock.report.terminal import Terminal
from rootstock.run.request import DEFAULT_LEVEL, Request
from rootstock.sources.fetch import load_registry
from rootstock.verify import rebuild


def verify(
    packages: Annotated[
        list[str],
        typer.Argument(
            help="Package names, node ids, names or paths of files; or a release by number, "
            "or latest.",
            metavar="[PACKAGE]...|RELEASE",
        ),
    ] = [],  # noqa: B006 - typer reads the default and hands on a new list
    everything: Annotated[
        bool,
        typer.Option(
            "--all", help="All packages of the channel, and all packages that built them."
        ),
    ] = False,
    channel: AnyChannel = "channel",
    key: Annotated[
        list[Path],
        typer.Option(
            "--key",
            help="A public key that must have signed the release, or a builder's; repeatable.",
        ),
    ] = [],  # noqa: B006
    builders: Count = 1,
    attestation: Attestations = [],  # noqa: B006
    against: Annotated[
        str,
        typer.Option(
            help="Compare what is built here with a release of a channel, by default its latest.",
            metavar="DIR|URL",
        ),
    ] = "",
    write: Annotated[
        Path | None,
        typer.Option(
            help="With --against: sign for the packages that are the same, and write that.",
            metavar="FILE",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="With --against: only show what would be built.")
    ] = False,
    engine: BuildEngineName = "auto",
    jobs: Jobs = 0,
    level: Level = DEFAULT_LEVEL,
    profile: ProfileName = profiles.DEFAULT,
    relock: Relock = False,
    offline: Offline = False,
    checkout: CheckoutIfNeeded = CHECKOUT,
    as_json: Json = False,
) -> None:
    """Build packages again from their records and compare the bytes; or check a release.

    Packages are not replaced: a rebuilt package is thrown away, or stored separately where it
    differs. A release is checked from the channel or any copy of it, by folder or URL: its files,
    its packages, its locks, its SBOMs, and its signatures.

    With --against, this checkout and this store build what another machine has released, where
    the build key is the same. Packages that the store has are not built again. --write signs for
    those with the same bytes; `build` and `publish` take the file with --attestation.

    Examples:

      rootstock verify openssl

      rootstock verify channel/linux-64/zlib-1.3.1-h3670347_0.conda

      rootstock verify --all -j 2 --json

      rootstock verify latest --channel https://example.org/channel --key alice.pub

      rootstock verify --against https://example.org/channel --level 19 --write bob.json

      rootstock verify latest --builders 2 --key alice.pub --key bob.pub
    """
    if against:
        from rootstock.cli.against import verify_against  # what else is here runs no pipeline

        if everything or key or attestation or builders > 1:
            raise UsageError("--against takes a release, and none of the options for checking one")
        request = Request(
            checkout=Checkout(checkout),
            sets=("all",),
            profile=profile,
            engine=engine,
            workers=jobs,
            level=level,
            relock=relock,
            offline=offline,
        )
        verify_against(against, packages, request, write, dry_run=dry_run, as_json=as_json)
        return
    if write or dry_run:
        raise UsageError("--write and --dry-run go with --against")
    if any(word == LATEST or re.fullmatch("[0-9]+", word) for word in packages):
        _verify_release(packages, channel, key, (builders, attestation), as_json)
        return
    if key or attestation or builders > 1:
        raise UsageError("--key, --builders and --attestation go with a release")
    if everything == bool(packages):
        raise UsageError("verify needs package names, or --all")
    store = locate()
    store.prepare()
    every = rebuild.select_all if everything else partial(rebuild.select, packages)
    artifacts = every(Channel.at(channel), store)
    logs = store.verified(f"{datetime.now(timezone.utc):%Y%m%dT%H%M%SZ}-{os.getpid()}")
    logs.mkdir(parents=True)
    files = Checkout(checkout)
    settings = rebuild.RebuildSettings(
        checkout=files,
        profile=profile,
        registry=load_registry(files.sources),
        store=store,
        engine=choose(engine),
        logs=logs,
        workers=jobs,
        offline=offline,
    )
    with Terminal(quiet=as_json) as terminal:
        verdicts = rebuild.verify(artifacts, settings, terminal)
    if as_json:
        print_json({"packages": [verdict.as_json() for verdict in verdicts]})
    else:
        say(line for verdict in verdicts for line in verdict.lines)
    rebuild.raise_for_failure(verdicts)


def _verify_release(
    words: Sequence[str],
    channel: str,
    trusted: Sequence[Path],
    asked: tuple[int, Sequence[Path]],
    as_json: bool,
) -> None:
    if len(words) != 1:
        raise UsageError("verify takes one release, or packages")
    where, (count, attestations) = Channel.at(channel), asked
    if attestations and count == 1:
        raise UsageError("--attestation goes with --builders")
    known = [keys.read(path) for path in trusted]
    builders = builders_of(count, trusted, attestations, None) if count > 1 else None
    number = where.release_named(words[0])
    with Terminal(quiet=as_json) as terminal:
        verdict = check.check(where, number, known, terminal, builders)
    if as_json:
        print_json(verdict.as_json())
    else:
        say(verdict.lines)
    verdict.raise_for_failure()
    if builders:
        terminal.say(f"{count} builders have signed for every package.")


COMMANDS = {"verify": verify}
