"""Compares what this store has built with what another builder published in a release."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from rootstock.building.artifact import Artifact, load
from rootstock.building.previous import entries
from rootstock.channel.reader import Channel
from rootstock.channel.release_model import Package, Release
from rootstock.core.errors import VerifyFailed
from rootstock.core.names import listed
from rootstock.core.progress import Event, Listener
from rootstock.core.store import Store
from rootstock.verify.compare import compare
from rootstock.verify.rebuild import PackageVerdict

_STAGE = "compare"
_OTHER = "not built here: this checkout makes it from other inputs, or does not make it"


def built(release: Release, store: Store) -> dict[str, Artifact]:
    """Return the packages of a release that the store has under the same build key, by file name.

    Raises `Damaged` when one of them is.
    """
    folders = {(entry.filename, entry.key): entry.folder for entry in entries(store)}
    found: dict[str, Artifact] = {}
    for name, package in release.packages.items():
        folder = folders.get((name, package.key))
        if folder and (artifact := load(folder)):
            found[name] = artifact
    return found


def compare_all(
    channel: Channel,
    release: Release,
    made: Mapping[str, Artifact],
    store: Store,
    listen: Listener,
) -> list[PackageVerdict]:
    """Compare every package of a release with what was made here, by file name, byte by byte.

    Raises `SourceError` when the channel does not answer.
    """
    listen(Event(stage=_STAGE, state="start", total=len(made)))
    verdicts = []
    with store.scratch("against") as folder:
        for name, package in sorted(release.packages.items()):
            if name in made:
                verdicts.append(_compare(package, made[name], channel, folder))
            else:
                verdicts.append(
                    PackageVerdict(
                        filename=name, outcome="unknown", sha256=package.sha256, message=_OTHER
                    )
                )
    differs = any(verdict.outcome == "differs" for verdict in verdicts)
    listen(Event(stage=_STAGE, state="failed" if differs else "done"))
    return verdicts


def _compare(
    package: Package, artifact: Artifact, channel: Channel, folder: Path
) -> PackageVerdict:
    name, path = package.filename, folder / package.filename
    try:
        sha256, _ = channel.place.save(package.url, path, most=package.size)
    except FileNotFoundError:
        return PackageVerdict(
            filename=name,
            outcome="differs",
            sha256=package.sha256,
            rebuilt=artifact.sha256,
            message=f"{channel.place.at(package.url)} is missing",
        )
    differences = compare(path, artifact.path, folder)
    path.unlink()
    other = sha256 != package.sha256
    return PackageVerdict(
        filename=name,
        outcome="differs" if differences or other else "same",
        sha256=sha256,
        rebuilt=artifact.sha256,
        message=f"its release names another sha256: {package.sha256}" if other else "",
        path=str(artifact.path) if differences else "",
        differences=differences,
    )


def raise_for_difference(verdicts: Sequence[PackageVerdict], release: str) -> None:
    """Raise `VerifyFailed` when a package is not as it was published in `release`."""
    if bad := [verdict.filename for verdict in verdicts if verdict.outcome == "differs"]:
        raise VerifyFailed(
            f"{len(bad)} of {len(verdicts)} packages are not as in {release}: {listed(bad)}",
            "The differences are shown above. Either its files were changed, or a recipe depends "
            "on time, chance or the machine: `rootstock verify PACKAGE` here shows whether.",
        )
