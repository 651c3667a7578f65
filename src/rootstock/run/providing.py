"""Have what a run needs from elsewhere: the images, and the sources of what is to be built."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rootstock.core.progress import Listener
from rootstock.core.store import Store
from rootstock.image import debian, profiles
from rootstock.image.rootfs import Image
from rootstock.plan.graph import Node
from rootstock.run.planning import Options, Plan
from rootstock.sources import fetch
from rootstock.sources.fetch import Fetching, Source

BUILD_IMAGE, BARE_IMAGE = "build", "bare"
# What can be done without the sources of a package.
_INSTEAD = {
    "python": "Or only try the rest, with an interpreter of this machine: rootstock smoke "
    "--py {cpython} --local-python {cpython}"
}


def relock(options: Options, store: Store, listen: Listener) -> None:
    """Have the images, of other versions where the archive no longer has the pinned ones.

    It has to precede the plan: the digest of the build image is in every build key.
    """
    profiles.relock(options.profile, options.checkout, store, listen, offline=options.offline)
    debian.relock(_bare(options), store, listen, offline=options.offline)


def provide(
    options: Options, planned: Plan, store: Store, listen: Listener
) -> tuple[Mapping[str, Image], Fetching]:
    """Have the images, while the sources begin to come."""
    registry = fetch.load_registry(options.checkout / "ci/sources.yaml")
    files = [source for id_ in planned.wanted for source in sources_of(planned.graph.nodes[id_])]
    fetching = Fetching(files, registry, store, listen, offline=options.offline)
    # To look at all of an image takes as long as a run with nothing to do.
    check = bool(planned.wanted)
    pool = ThreadPoolExecutor(2)
    try:
        making = {
            name: pool.submit(image, name, options, store, listen, check=check)
            for name in (BUILD_IMAGE, BARE_IMAGE)
        }
        images = {name: future.result() for name, future in making.items()}
        if not options.keep_going:
            fetching.check()
    except BaseException:
        fetching.close()
        raise
    finally:
        # After Ctrl-C nobody waits for a server that does not answer.
        pool.shutdown(wait=False, cancel_futures=True)
    return images, fetching


def sources_of(node: Node) -> list[Source]:
    """The sources that a package is built from."""
    instead = _INSTEAD.get(node.output.name, "").format(**node.output.variant)
    return [fetch.source_of(entry, instead) for entry in node.output.sources]


def image(name: str, options: Options, store: Store, listen: Listener, *, check: bool) -> Image:
    """Make the image of this name where it is not there; `check` looks at all of it if it is."""
    if name == BUILD_IMAGE:
        return profiles.ensure(
            options.profile,
            options.checkout,
            store,
            listen,
            relocked=options.relock,
            offline=options.offline,
            check=check,
        )
    return debian.ensure(
        _bare(options),
        store,
        listen,
        relocked=options.relock,
        offline=options.offline,
        check=check,
    )


def _bare(options: Options) -> Path:
    return options.checkout / f"ci/images/{BARE_IMAGE}.yaml"
