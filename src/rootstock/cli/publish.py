"""The command that publishes a channel elsewhere."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from rootstock.channel.reader import Channel
from rootstock.cli.builders import Attestations, Count, TrustedKeys, builders_of
from rootstock.cli.common import (
    CHECKOUT,
    ChannelFolder,
    CheckoutIfNeeded,
    Json,
    TestEngineName,
    TestRelock,
    print_json,
    public_url,
    say,
)
from rootstock.core.checkout import Checkout
from rootstock.core.formatting import columns, size
from rootstock.core.store import locate
from rootstock.publish import publish as publishing
from rootstock.publish import snapshot as snapshots
from rootstock.publish.choose import Options, choose
from rootstock.publish.retry import RetryPolicy
from rootstock.publish.tester import tester
from rootstock.release import keys
from rootstock.release.keys import Public
from rootstock.report.terminal import Terminal


def publish(
    target: Annotated[
        str,
        typer.Argument(
            help="anaconda:USER, quetz:https://HOST/CHANNEL, s3://BUCKET/PREFIX, or a folder.",
            show_default=False,
        ),
    ],
    channel: ChannelFolder = Path("channel"),
    release: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="The number of the generation to publish; by default, the newest. A release is a "
            "generation with locks.",
        ),
    ] = None,
    label: Annotated[
        str, typer.Option(help="anaconda: the label for users; by default, main.")
    ] = "",
    staging_label: Annotated[
        str,
        typer.Option(
            help="anaconda, quetz: the label or channel for staging; by default, staging."
        ),
    ] = "",
    server: Annotated[
        str,
        typer.Option(
            parser=public_url,
            help="anaconda, s3: another address of the API.",
            metavar="URL",
        ),
    ] = "",
    url: Annotated[
        str,
        typer.Option(
            parser=public_url,
            help="anaconda, s3: another address for readers.",
            metavar="URL",
        ),
    ] = "",
    token_file: Annotated[
        Path | None,
        typer.Option(help="A file with the token, if no variable holds it.", metavar="FILE"),
    ] = None,
    stage_only: Annotated[
        bool,
        typer.Option("--stage-only", help="Upload and read back; make nothing visible."),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would be uploaded.")
    ] = False,
    tries: Annotated[
        int, typer.Option(min=1, help="Tries in a row after transient errors.")
    ] = RetryPolicy.tries,
    builders: Count = 1,
    key: TrustedKeys = [],  # noqa: B006 - typer reads the default and hands on a new list
    attestation: Attestations = [],  # noqa: B006
    engine: TestEngineName = "auto",
    relock: TestRelock = False,
    checkout: CheckoutIfNeeded = CHECKOUT,
    as_json: Json = False,
) -> None:
    """Publish a channel: upload missing files, read them back, test, then show them to users.

    The token comes from ANACONDA_API_TOKEN or QUETZ_API_KEY, or from --token-file; the keys of S3
    as for any program of Amazon's. Users see everything new at once, where the target can do
    that (S3 cannot). The same command again continues where one ended. With --builders 2, two
    builders must have signed for everything new: the channel's releases have the signatures, or
    --attestation.

    Examples:

      rootstock publish anaconda:physics --dry-run

      rootstock publish anaconda:physics --release 3

      rootstock publish quetz:https://conda.example.org/physics --token-file ~/.quetz

      rootstock publish s3://bucket/channel --url https://conda.example.org/channel

      rootstock publish /afs/example.org/www/channel

      rootstock publish anaconda:physics --builders 2 --key bob.pub --attestation bob.json
    """
    store, policy = locate(), RetryPolicy(tries=tries)
    store.prepare()
    files = Checkout(checkout)
    options = Options(
        checkout=files,
        timeout=policy.timeout,
        label=label,
        staging=staging_label,
        server=server,
        url=url,
        token_file=token_file,
        reads=dry_run,
    )
    own = _own_key() if builders > 1 else None
    needed = builders_of(builders, key, attestation, own)
    snapshot = snapshots.load(Channel.at(channel), release)
    with Terminal(quiet=as_json) as terminal:
        chosen = choose(target, options, store, terminal)
        if dry_run:
            remote = publishing.compare(snapshot, chosen, terminal, policy)
            missing, hidden = remote.missing(snapshot), remote.hidden(snapshot)
            publishing.require_builders(snapshot, hidden, needed)
        else:
            logs = publishing.place(chosen, store) / "smoke"
            done = publishing.publish(
                snapshot,
                chosen,
                store,
                terminal,
                tester(files, engine, store, logs, terminal, relock=relock),
                policy=policy,
                stage_only=stage_only,
                builders=needed,
            )
    if not dry_run:
        if as_json:
            print_json(asdict(done))
        else:
            terminal.say(f"{'Staged' if stage_only else 'Published'}: {done.url}")
    elif as_json:
        print_json(
            {
                "target": chosen.name,
                "generation": snapshot.number,
                "upload": [package.path for package in missing],
                "show": [package.path for package in hidden],
            }
        )
    else:
        rows = [(package.path, size(package.size), package.sha256[:16]) for package in missing]
        counts = f"{len(missing)} to upload, {len(hidden)} would become visible: {chosen.name}"
        say([*columns([("would be uploaded", "size", "sha256"), *rows]), counts])


def _own_key() -> Public | None:
    """The public half of this user's key, if there is one."""
    path = keys.location()
    return keys.own(path) if path.exists() else None


COMMANDS = {"publish": publish}
