"""The command that makes images for builds and smoke tests."""

from typing import Annotated

import typer

from rootstock.cli.common import CHECKOUT, CheckoutFolder, Offline, ProfileName
from rootstock.core.checkout import Checkout
from rootstock.core.store import locate
from rootstock.image import debian, profiles
from rootstock.report.terminal import Terminal


def image(
    lock: Annotated[
        bool,
        typer.Option(
            "--lock",
            help="Resolve the packages of all images again and write the locks in ci/images: for "
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

      rootstock image --profile manylinux
    """
    files, store = Checkout(checkout), locate()
    store.prepare()
    with Terminal() as terminal:
        if lock:
            for path in sorted(files.images.glob("*.yaml")):
                pins = debian.lock(debian.load_spec(path, store), store)
                debian.write_lock(pins, path.with_suffix(".lock"))
        bare = files.image("bare")
        (debian.relock if relock else debian.ensure)(bare, store, terminal, offline=offline)
        have = profiles.relock if relock else profiles.ensure
        have(profile, files, store, terminal, offline=offline)


COMMANDS = {"image": image}
