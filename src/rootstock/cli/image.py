"""The command that makes images for builds and smoke tests."""

from typing import Annotated

import typer

from rootstock.cli.common import CHECKOUT, CheckoutFolder, Offline, ProfileName
from rootstock.core.checkout import Checkout
from rootstock.core.errors import UsageError
from rootstock.core.store import locate
from rootstock.image import debian, profiles
from rootstock.report.terminal import Terminal
from rootstock.smoke.systems import OLDEST


def image(
    names: Annotated[
        list[str],
        typer.Argument(
            help="Images of ci/images; if not given, what builds and smoke tests need, and with "
            "--lock all.",
            metavar="[NAME]...",
        ),
    ] = [],  # noqa: B006 - typer reads the default and hands on a new list
    lock: Annotated[
        bool,
        typer.Option(
            "--lock",
            help="Resolve the packages of the images again and write the locks in ci/images: for "
            "newer packages, or after a change of an image's description. Commit the locks.",
        ),
    ] = False,
    profile: ProfileName = profiles.DEFAULT,
    relock: Annotated[
        bool,
        typer.Option(
            "--relock",
            help="Only if Debian's archive no longer has a pinned package: resolve all of that "
            "image again, on this machine only. The locks in ci/images stay. Build keys change "
            "with the build image.",
        ),
    ] = False,
    offline: Offline = False,
    checkout: CheckoutFolder = CHECKOUT,
) -> None:
    """Make the root file systems for builds and smoke tests.

    Examples:

      rootstock image

      rootstock image --lock

      rootstock image debian-testing --lock

      rootstock image --profile manylinux
    """
    files, store = Checkout(checkout), locate()
    known = {path.stem: path for path in sorted(files.images.glob("*.yaml"))}
    if strange := [name for name in names if name not in known]:
        raise UsageError(
            f"{strange[0]}: no such image in {files.images}", f"Known: {', '.join(known)}"
        )
    store.prepare()
    with Terminal() as terminal:
        for name in names or known if lock else ():
            pins = debian.lock(debian.load_spec(known[name], store), store)
            debian.write_lock(pins, known[name].with_suffix(".lock"))
        make = debian.relock if relock else debian.ensure
        for name in names or (OLDEST.image,):
            make(files.image(name), store, terminal, offline=offline)
        if not names:
            have = profiles.relock if relock else profiles.ensure
            have(profile, files, store, terminal, offline=offline)


COMMANDS = {"image": image}
