"""Chooses the target that a word of the command line names."""

import re
from dataclasses import dataclass
from pathlib import Path

from rootstock.core import names, tokens
from rootstock.core.checkout import Checkout
from rootstock.core.errors import UsageError
from rootstock.core.progress import Listener
from rootstock.core.store import Store
from rootstock.core.tokens import Secret
from rootstock.publish.anaconda import MAIN, SERVER, Anaconda
from rootstock.publish.folder import Folder
from rootstock.publish.quetz import Quetz
from rootstock.publish.s3 import S3
from rootstock.publish.target import Target
from rootstock.sources import tools

STAGING = "staging"
_NAME = r"[A-Za-z0-9_.-]+"  # of a user or a label at anaconda.org


@dataclass(frozen=True, kw_only=True)
class Options:
    """Further options of the command line for a target; empty ones mean the target's default.

    `reads` is true when nothing will change: then no token is needed.
    """

    checkout: Checkout
    timeout: float
    label: str = ""
    staging: str = ""
    server: str = ""
    url: str = ""
    token_file: Path | None = None
    reads: bool = False


def choose(text: str, options: Options, store: Store, listen: Listener) -> Target:
    """Return the target that `text` names; install its client program if necessary.

    Raises `UsageError` when it names none, an option is not for it, or there is no token; and what
    `tools.ensure` raises.
    """
    kind, _, rest = text.partition(":")
    if kind == "anaconda":
        return _anaconda(rest, options, store, listen)
    if kind == "quetz":
        return _quetz(rest, options)
    if kind == "s3":
        return _s3(rest, options, store, listen)
    path = rest if kind == "folder" else text
    if not path or (path == text and ":" in text and "/" not in kind):
        or_folder = f" A folder of that name is folder:{text}." if path else ""
        raise UsageError(
            f"{names.quoted(text)} is not a known target",
            "Write anaconda:USER, quetz:https://HOST/CHANNEL, s3://BUCKET/PREFIX or the path of a "
            f"folder.{or_folder}",
        )
    _refuse(options, "a folder", "label", "staging", "server", "url", "token_file")
    try:
        return Folder(path=names.user_path(path))
    except names.NotAllowed as error:
        raise UsageError(f"there is no such folder to publish to: {error}") from error


def _anaconda(user: str, options: Options, store: Store, listen: Listener) -> Anaconda:
    if not re.fullmatch(_NAME, user):
        raise UsageError(f"anaconda:{_shown(user)} has no valid user name", "Write anaconda:USER.")
    for name in (options.label, options.staging):
        if name and not re.fullmatch(_NAME, name):
            raise UsageError(
                f"{names.quoted(name)} is not a label", "Use letters, digits, -, _ and ."
            )
    label, staging = options.label or MAIN, options.staging or STAGING
    if label == staging:
        raise UsageError(f"the label {label} cannot also be the staging label")
    token = _token(tokens.ANACONDA, options)
    return Anaconda(
        user=user,
        environment=tools.ensure(options.checkout.tool("anaconda"), store, listen),
        token=token,
        timeout=options.timeout,
        label=label,
        staging=staging,
        server=(options.server or SERVER).rstrip("/"),
        url=options.url.rstrip("/"),
    )


def _quetz(address: str, options: Options) -> Quetz:
    found = re.fullmatch(r"(https?://[^?#]+?)/([^/?#]+)/?", address)
    try:
        names.public_url(address)
    except names.NotAllowed:
        found = None
    if not found:
        raise UsageError(
            f"quetz:{_shown(address)} is not the address of a channel",
            "Write quetz:https://HOST/CHANNEL.",
        )
    _refuse(options, "Quetz", "label", "server", "url")
    return Quetz(
        server=found[1],
        channel=found[2],
        token=_token(tokens.QUETZ, options),
        timeout=options.timeout,
        staging=options.staging or STAGING,
    )


def _s3(address: str, options: Options, store: Store, listen: Listener) -> S3:
    bucket, _, prefix = address.removeprefix("//").strip("/").partition("/")
    try:
        names.relative_path(f"{bucket}/{prefix}" if prefix else bucket)
    except names.NotAllowed as error:
        raise UsageError(
            f"s3:{_shown(address)} has no valid bucket name", "Write s3://BUCKET/PREFIX."
        ) from error
    _refuse(options, "S3: boto3 finds its own keys", "token_file")
    _refuse(options, "S3", "label", "staging")
    return S3(
        bucket=bucket,
        prefix=f"{prefix}/" if prefix else "",
        environment=tools.ensure(options.checkout.tool("s3"), store, listen),
        keys=tokens.given(tokens.S3),
        timeout=options.timeout,
        server=options.server.rstrip("/"),
        url=options.url.rstrip("/"),
    )


def _shown(text: str) -> str:
    """Return the part of an address that a message may show: it may contain a password."""
    return names.quoted("...@" + text.rpartition("@")[2] if "@" in text else text)


def _token(variables: tuple[str, ...], options: Options) -> Secret:
    try:
        return tokens.token(variables, options.token_file)
    except UsageError:
        if options.reads and not options.token_file:
            return Secret("")
        raise


def _refuse(options: Options, what: str, *unfit: str) -> None:
    flags = {"staging": "--staging-label", "token_file": "--token-file"}
    for name in unfit:
        if getattr(options, name):
            raise UsageError(f"{flags.get(name, f'--{name}')} is not for {what}")
