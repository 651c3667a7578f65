"""The systems of ci/systems.yaml: which there are, the chosen ones, and their root file systems."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from rootstock.core import yaml_source
from rootstock.core.checkout import Checkout
from rootstock.core.errors import UsageError
from rootstock.core.progress import Listener
from rootstock.core.store import Store
from rootstock.image import containers, debian
from rootstock.image.rootfs import Image
from rootstock.smoke.run import OLD_SYSTEM, System

_ID = re.compile(r"(?!build$)[a-z0-9][a-z0-9.-]*")  # runs have the build image by its name
_IMAGE = re.compile(r"[a-z0-9][a-z0-9.-]*")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 .+-]*")
_CONTAINER = re.compile(r"[a-z0-9][a-z0-9.:/@_-]*")  # a reference with its registry, lower case


@dataclass(frozen=True, kw_only=True)
class SystemEntry:
    """A system that smoke tests can run on: `id` for --on, `name` for people.

    Its root file system is an `image` of ci/images, or else a `container` image. It is `bare` when
    it has glibc, a shell and nothing that an environment could use by accident.
    """

    id: str
    name: str
    image: str = ""
    container: str = ""
    bare: bool = True

    def of(self, image: Image) -> System:
        """The system whose root file system is an image."""
        return System(self.name, image.root, image.digest, bare=self.bare)


# The oldest system, which tests run on when nothing else is asked for.
OLDEST = SystemEntry(id="debian11", name=OLD_SYSTEM, image="bare")
# Where packages are built. It has a compiler and headers, and only its own id asks for it.
BUILDING = SystemEntry(id="build", name="the build image", image="build", bare=False)


def load(checkout: Checkout) -> tuple[SystemEntry, ...]:
    """Read ci/systems.yaml; raises `UsageError` with file and line for a wrong entry."""
    return tuple(
        _entry(id_, value) for id_, value in yaml_source.read(checkout.systems).entries().items()
    )


def _entry(id_: str, value: yaml_source.Value) -> SystemEntry:
    if not _ID.fullmatch(id_):
        raise value.fail(f"{id_} is not the id of a system", "Write it like debian12.")
    found = value.mapping(("name",), ("image", "container"))
    if len(found) != 2:
        raise value.fail(f"{id_} needs an image or a container, and not both")
    patterns = {"name": _NAME, "image": _IMAGE, "container": _CONTAINER}
    for key, one in found.items():
        if not patterns[key].fullmatch(one.text()):
            raise one.fail(f"{one} cannot be the {key} of a system")
    texts = {key: one.text() for key, one in found.items()}
    return SystemEntry(
        id=id_,
        name=texts["name"],
        image=texts.get("image", ""),
        container=texts.get("container", ""),
    )


def select(checkout: Checkout, asked: Sequence[str]) -> tuple[SystemEntry, ...]:
    """Return the systems that ids or globs ask for, in the order of the list.

    `all` is every system of the list; without a request it is the oldest one only. The build image
    is not in the list, and comes last.

    Raises `UsageError` for what matches no system, and as `load` does.
    """
    if not asked:
        return (OLDEST,)
    known = load(checkout)
    listed = [word for word in asked if word != BUILDING.id]
    building = (BUILDING,) if len(listed) < len(asked) else ()
    patterns = ["*" if word == "all" else word for word in listed]
    for word, pattern in zip(listed, patterns, strict=True):
        if not any(fnmatchcase(one.id, pattern) for one in known):
            raise UsageError(
                f"--on {word}: there is no such system in {checkout.systems}",
                f"Known: {', '.join(one.id for one in known)}, {BUILDING.id}, all",
            )
    found = tuple(one for one in known if any(fnmatchcase(one.id, p) for p in patterns))
    return found + building


def ensure(
    entry: SystemEntry,
    checkout: Checkout,
    store: Store,
    listen: Listener,
    *,
    relocked: bool = False,
    offline: bool = False,
    check: bool = True,
) -> Image:
    """Return the root file system of a system; make it if the store lacks it.

    The options are those of `debian.ensure`. Raises as that and `containers.ensure` do.
    """
    if entry.container:
        return containers.ensure(
            entry.id, entry.container, store, listen, offline=offline, check=check
        )
    path = checkout.image(entry.image)
    return debian.ensure(path, store, listen, relocked=relocked, offline=offline, check=check)


def relock(
    entry: SystemEntry, checkout: Checkout, store: Store, listen: Listener, *, offline: bool = False
) -> Image:
    """As `ensure`, with other versions where Debian's archive no longer has the pinned ones.

    A container image stays as it is.
    """
    if entry.container:
        return ensure(entry, checkout, store, listen, offline=offline)
    return debian.relock(checkout.image(entry.image), store, listen, offline=offline)
