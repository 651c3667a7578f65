"""Fetches the sources of a plan into the store.

It looks for a source in the store, then in the package registry with the same bytes
(`ci/sources.yaml` maps a sha256 to a package URL), then at its upstream URL. In each case, only a
file with the right sha256 enters the store.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

from rootstock.core import names, process, yaml_source
from rootstock.core.errors import SourceError, UsageError
from rootstock.core.progress import Event, Listener
from rootstock.core.seal import sha256_of
from rootstock.core.store import Store
from rootstock.sources import apt, purl, pypi
from rootstock.sources.source import Source, path_in

_WORKERS = 4  # parallel downloads
_ENTRY = "Each line is SHA256: PACKAGE-URL, like those in this project's ci/sources.yaml."
_POLL = 0.5  # seconds between checks for an interruption


def load_registry(path: Path) -> dict[str, str]:
    """Read `ci/sources.yaml`: sha256 to package URL.

    Raises `UsageError` with file and line when an entry is wrong.
    """
    registry: dict[str, str] = {}
    for sha256, value in yaml_source.read(path).entries().items():
        try:
            names.sha256(sha256)
            registry[sha256] = value.text()
            purl.parse(registry[sha256])
        except names.NotAllowed as error:
            raise value.fail(str(error), _ENTRY) from error
        except UsageError as error:
            if error.message.startswith(f"{path}:"):
                raise
            raise value.fail(error.message, error.remedy) from error
    return registry


class Fetching:
    """Downloads sources into the store in parallel, in the given order.

    It hashes files in the store again: somebody may have put them there, or they may be damaged.
    """

    def __init__(
        self,
        sources: Iterable[Source],
        registry: Mapping[str, str],
        store: Store,
        listen: Listener,
        *,
        offline: bool = False,
    ) -> None:
        def one(source: Source) -> None:
            process.raise_if_interrupted()
            if _is_cached(source, store, listen):
                listen(Event(stage="sources", item=source.filename, state="kept"))
                return
            started = time.monotonic()
            listen(Event(stage="sources", item=source.filename, state="start"))
            try:
                origin = _fetch_one(source, registry, store, listen, offline)
            except SourceError:
                listen(Event(stage="sources", item=source.filename, state="failed"))
                raise
            seconds = time.monotonic() - started
            name = source.filename
            listen(Event(stage="sources", item=name, state="done", seconds=seconds, detail=origin))

        def many(batch: Sequence[Source]) -> None:
            lacking = [source for source in batch if not path_in(store, source).is_file()]
            together = lacking if len(lacking) > 1 and not offline else []
            got = _fetch_wheels(together, store, listen)
            for source in batch:
                if source not in got:
                    one(source)

        # The same bytes may have a name in each of two recipes.
        wanted = {(source.sha256, source.filename): source for source in sources}
        self._pool = ThreadPoolExecutor(_WORKERS)
        self._coming = {
            (source.sha256, source.filename): coming
            for batch in _batches(wanted.values(), registry)
            for coming in [self._pool.submit(many, batch)]
            for source in batch
        }

    def need(self, sources: Iterable[Source]) -> None:
        """Wait for some of them; raises `SourceError` for the first that cannot be fetched."""
        for source in sources:
            coming = self._coming[source.sha256, source.filename]
            while not coming.done():
                process.raise_if_interrupted()
                wait([coming], timeout=_POLL)
            coming.result()

    def check(self) -> None:
        """Raise the `SourceError` of a download that has already failed, if any."""
        for coming in self._coming.values():
            if coming.done():
                coming.result()

    def close(self) -> None:
        """Stop fetching, without waiting for a server that does not answer."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def fetch(
    sources: Sequence[Source],
    registry: Mapping[str, str],
    store: Store,
    listen: Listener,
    *,
    offline: bool = False,
) -> None:
    """Fetch every source that the store lacks.

    Raises `SourceError` for the first that cannot be fetched.
    """
    fetching = Fetching(sources, registry, store, listen, offline=offline)
    try:
        fetching.need(sources)
    finally:
        fetching.close()


def _batches(sources: Iterable[Source], registry: Mapping[str, str]) -> list[list[Source]]:
    """Group sources that are fetched together: wheels in batches, all others alone."""
    alone: list[list[Source]] = []
    wheels: dict[tuple[str, str], Source] = {}
    wanted = []
    for source in sources:
        indexed = source.urls[0].startswith("pkg:pypi/") and source.sha256 not in registry
        found = purl.parse(source.urls[0]) if indexed else None
        if found and purl.is_wheel(found.filename):
            wheels[source.sha256, source.filename] = source
            wanted.append(pypi.WantedWheel(found, source.sha256))
        else:
            alone.append([source])
    together = [
        [wheels[one.sha256, one.purl.filename] for one in batch] for batch in pypi.batches(wanted)
    ]
    return [*alone, *together]


def _fetch_wheels(sources: Sequence[Source], store: Store, listen: Listener) -> list[Source]:
    """Put wheels into the store if one pip can get them all; return those that came.

    The caller fetches the others one by one, which gives the reason for a failure.
    """
    if not sources:
        return []
    process.raise_if_interrupted()
    started, came = time.monotonic(), []
    for source in sources:
        listen(Event(stage="sources", item=source.filename, state="start"))
    with store.scratch("wheels") as folder:
        try:
            pypi.download(
                [pypi.WantedWheel(purl.parse(one.urls[0]), one.sha256) for one in sources], folder
            )
        except SourceError:
            return []
        seconds = time.monotonic() - started
        for source in sources:
            file = folder / source.filename
            if file.is_file() and sha256_of(file) == source.sha256:
                place = path_in(store, source)
                place.parent.mkdir(parents=True, exist_ok=True)
                file.replace(place)
                came.append(source)
                name, origin = source.filename, source.urls[0]
                listen(
                    Event(stage="sources", item=name, state="done", seconds=seconds, detail=origin)
                )
    return came


def _is_cached(source: Source, store: Store, listen: Listener) -> bool:
    place = path_in(store, source)
    if not place.is_file():
        return False
    if sha256_of(place) == source.sha256:
        return True
    message = f"{place} has another sha256: rootstock fetches it again"
    listen(Event(stage="sources", state="note", detail=message))
    store.discard(place, lambda: place.is_file() and sha256_of(place) == source.sha256)
    return False


def _fetch_one(
    source: Source,
    registry: Mapping[str, str],
    store: Store,
    listen: Listener,
    offline: bool,
) -> str:
    """Put one source into the store and return its origin."""
    place = path_in(store, source)
    origins = [o for o in (registry.get(source.sha256), *source.urls) if o]
    reasons = ["the run is offline"] if offline else []
    for origin in () if offline else dict.fromkeys(origins):
        with store.scratch("source") as folder:
            try:
                file = _download(origin, source, folder, store, listen)
                _check(file, source, origin)
            except WrongBytes:
                raise
            except SourceError as error:
                reasons.append(f"{origin}: {error.message}")
                continue
            # Rename a file, not a folder: the same bytes may have several names.
            place.parent.mkdir(parents=True, exist_ok=True)
            file.replace(place)
            return origin
    raise SourceError(
        f"{source.filename} (sha256 {source.sha256}) could not be fetched:\n"
        + "\n".join(f"    {reason}" for reason in reasons),
        f"Fetch {source.urls[0]} elsewhere and put the file at {place}"
        + (f"\n{source.instead}" if source.instead else ""),
    )


class WrongBytes(SourceError):
    """A fetched source that does not match its sha256."""


def _check(file: Path, source: Source, origin: str) -> None:
    actual = sha256_of(file)
    if actual != source.sha256:
        raise WrongBytes(
            f"{source.filename} from {origin} is not the file its recipe names:\n"
            f"    sha256 wanted {source.sha256}\n    sha256 found  {actual}",
            "The file was removed. If upstream changed it on purpose, change the recipe.",
        )


def _download(origin: str, source: Source, into: Path, store: Store, listen: Listener) -> Path:
    if not origin.startswith("pkg:"):
        # Importing TLS takes 20 ms, and most runs fetch nothing.
        from rootstock.sources import http

        return http.download(origin, into / source.filename, listen)
    found = purl.parse(origin)
    if found.type == "pypi" and not purl.is_wheel(found.filename):
        pypi.download_sdist(found, into)
    elif found.type == "pypi":
        pypi.download([pypi.WantedWheel(found, source.sha256)], into)
    else:
        name, version, suite = found.name, found.version, found.qualifiers["distro"]
        if found.qualifiers["arch"] == "source":
            apt.download_source(store, suite, name, version, found.filename, into)
        else:
            apt.download(apt.open_suite(store, suite), [apt.Pin(name, version, 0, "")], into)
    file = into / found.filename
    got = sorted(into.iterdir())
    # apt writes the epoch of a version into the name; the archive's own name lacks it.
    if not file.is_file() and len(got) == 1:
        got[0].rename(file)
    if not file.is_file():
        others = ", ".join(path.name for path in got)
        raise SourceError(f"the registry returned {others or 'nothing'} instead")
    return file
