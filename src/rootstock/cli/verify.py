"""The command that checks whether a rebuild gives the same bytes, or checks a release."""

import os
import re
from collections.abc import Sequence
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from rootstock.channel.reader import LATEST, Channel
from rootstock.cli.common import (
    CHECKOUT,
    AnyChannel,
    BuildEngineName,
    CheckoutIfNeeded,
    Jobs,
    Json,
    Offline,
    ProfileName,
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
        typer.Option("--key", help="A public key that must have signed the release; repeatable."),
    ] = [],  # noqa: B006
    engine: BuildEngineName = "auto",
    jobs: Jobs = 0,
    profile: ProfileName = profiles.DEFAULT,
    offline: Offline = False,
    checkout: CheckoutIfNeeded = CHECKOUT,
    as_json: Json = False,
) -> None:
    """Build packages again from their records and compare the bytes; or check a release.

    Packages are not replaced: a rebuilt package is thrown away, or stored separately where it
    differs. A release is checked from the channel or any copy of it, by folder or URL: its files,
    its packages, its locks, its SBOMs, and its signatures.

    Examples:

      rootstock verify openssl

      rootstock verify channel/linux-64/zlib-1.3.1-h3670347_0.conda

      rootstock verify --all -j 2 --json

      rootstock verify latest --channel https://example.org/channel --key alice.pub
    """
    if any(word == LATEST or re.fullmatch("[0-9]+", word) for word in packages):
        _verify_release(packages, channel, key, as_json)
        return
    if key:
        raise UsageError("--key goes with a release")
    if everything == bool(packages):
        raise UsageError("verify needs package names, or --all")
    store = locate()
    store.prepare()
    every = rebuild.select_all if everything else partial(rebuild.select, packages)
    artifacts = every(Channel.at(channel), store)
    logs = store.verified(f"{datetime.now(timezone.utc):%Y%m%dT%H%M%SZ}-{os.getpid()}")
    logs.mkdir(parents=True)
    files = Checkout(checkout)
    means = rebuild.RebuildSettings(
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
        verdicts = rebuild.verify(artifacts, means, terminal)
    if as_json:
        print_json({"packages": [verdict.as_json() for verdict in verdicts]})
    else:
        say(line for verdict in verdicts for line in verdict.lines)
    rebuild.raise_for_failure(verdicts)


def _verify_release(
    words: Sequence[str], channel: str, trusted: Sequence[Path], as_json: bool
) -> None:
    if len(words) != 1:
        raise UsageError("verify takes one release, or packages")
    where = Channel.at(channel)
    known = [keys.read(path) for path in trusted]
    with Terminal(quiet=as_json) as terminal:
        verdict = check.check(where, where.release_named(words[0]), known, terminal)
    if as_json:
        print_json(verdict.as_json())
    else:
        say(verdict.lines)
    verdict.raise_for_failure()


COMMANDS = {"verify": verify}
