"""Builds packages again from their records, and compares: the same inputs give the same bytes.

Every build uses a new folder, and its result is thrown away, unless it differs. The store's
artifacts are only read.
"""

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from rootstock.building import builder
from rootstock.building.artifact import Artifact, load
from rootstock.building.fingerprint import fingerprint
from rootstock.building.job import Job, stored_inputs, stored_job
from rootstock.building.limits import Limits, default_memory
from rootstock.building.previous import Entry, entries
from rootstock.building.room import BuildContext
from rootstock.channel.reader import Channel
from rootstock.channel.stage import stage
from rootstock.core import process
from rootstock.core.checkout import Checkout
from rootstock.core.errors import BuildFailed, MachineError, UsageError, VerifyFailed
from rootstock.core.names import listed
from rootstock.core.progress import Event, Listener, State
from rootstock.core.seal import sha256_of
from rootstock.core.store import Store
from rootstock.image import profiles, rootfs
from rootstock.image.engines import Engine
from rootstock.image.profiles import Profile
from rootstock.sources import fetch as sources
from rootstock.sources.source import source_of
from rootstock.verify.compare import Difference, compare

Outcome = Literal["same", "differs", "failed", "unknown"]


@dataclass(frozen=True, kw_only=True)
class PackageVerdict:
    """The result of building a package again.

    `outcome` is `unknown` when the build could not run, or there is none, and `message` says why,
    or why the build failed. `sha256` belongs to the original package, `rebuilt` to the new one,
    which is at `path` when it differs. `log` is the file with the build's output.
    """

    filename: str
    outcome: Outcome
    sha256: str
    rebuilt: str = ""
    seconds: float = 0.0
    message: str = ""
    log: str = ""
    path: str = ""
    differences: tuple[Difference, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The verdict as a JSON object."""
        return asdict(self)

    @property
    def lines(self) -> list[str]:
        """The verdict in words."""
        shown = [f"{self.filename}: {self.outcome}"]
        shown += [f"  {line}" for line in self.message.splitlines()]
        for difference in self.differences:
            shown.append(f"  {difference.member}: {difference.what}")
            shown += [f"      {line}" for line in difference.lines]
        return [*shown, f"  The rebuilt package: {self.path}"] if self.path else shown


def raise_for_failure(verdicts: Sequence[PackageVerdict]) -> None:
    """Raise `VerifyFailed` when a package differs or failed, `MachineError` for an unknown one."""
    bad = [v.filename for v in verdicts if v.outcome in ("differs", "failed")]
    if bad:
        raise VerifyFailed(
            f"{len(bad)} of {len(verdicts)} packages differ or failed to build: {listed(bad)}",
            "The differences are shown above. Make the recipe independent of time, "
            "chance or the machine.",
        )
    unknown = [v.filename for v in verdicts if v.outcome == "unknown"]
    if unknown:
        raise MachineError(f"these could not be verified: {listed(unknown)}")


def select(words: Sequence[str], channel: Channel, store: Store) -> list[Artifact]:
    """Return the artifacts that words mean: package names, node ids, file names, file paths.

    Artifacts of the channel come first; else it is the last build of each file name.

    Raises `UsageError` for a word that the store does not know.
    """
    published = {(name, key) for name, (key, _) in channel.keys().items()}
    known = sorted(entries(store), key=lambda entry: entry.time)
    found: dict[str, Artifact] = {}
    for word in words:
        path = Path(word)
        is_file = path.suffix == ".conda" and path.is_file()
        name = path.name if is_file else word
        fitting = [e for e in known if name in (e.name, e.filename, e.filename[: -len(".conda")])]
        shown = [e for e in fitting if (e.filename, e.key) in published] or fitting
        chosen = _loaded({entry.filename: entry for entry in shown}.values(), store)
        if is_file:
            sha256 = sha256_of(path)
            chosen = [a for a in _loaded(fitting, store) if a.sha256 == sha256][-1:]
        if not chosen:
            raise UsageError(
                f"the store has no record of how {word} was built",
                "Give names of packages, nodes or files, as in `rootstock plan`.",
            )
        found |= {artifact.path.parent.name: artifact for artifact in chosen}
    return list(found.values())


def select_all(channel: Channel, store: Store) -> list[Artifact]:
    """Return every package of a channel, and everything that they were built with.

    Raises `UsageError` when there is no channel, or the store lacks a package's record.
    """
    published = channel.keys()
    if not published:
        raise UsageError(f"{channel} is not a channel with packages", "Build one, or name it.")
    todo = select([*published], channel, store)
    found: dict[str, Artifact] = {}
    while todo:
        artifact = todo.pop()
        if artifact.path.parent.name not in found:
            found[artifact.path.parent.name] = artifact
            todo += _needs(artifact, store)
    return list(found.values())


def _loaded(known: Iterable[Entry], store: Store) -> list[Artifact]:
    loaded = (load(store.artifact(entry.folder.name)) for entry in known)
    return [artifact for artifact in loaded if artifact]


def _needs(artifact: Artifact, store: Store) -> Sequence[Artifact]:
    try:
        return stored_job(artifact, store).needs
    except MachineError:
        return ()  # reported in its turn


@dataclass(frozen=True, kw_only=True)
class RebuildSettings:
    """The settings of rebuilding.

    `profile` and `checkout` provide an image that the store lacks, and `registry` (sha256 ->
    package URL) a source. The logs go to the folder `logs`. `workers` is the number of parallel
    builds, 0 for one per core.
    """

    checkout: Checkout
    profile: Profile
    registry: Mapping[str, str]
    store: Store
    engine: Engine
    logs: Path
    workers: int
    offline: bool


@dataclass(frozen=True, kw_only=True)
class _Task:
    artifact: Artifact
    job: Job
    image: str
    level: int


def verify(
    artifacts: Sequence[Artifact], settings: RebuildSettings, listen: Listener
) -> list[PackageVerdict]:
    """Build artifacts again, and compare.

    Raises `SourceError` when a source cannot be fetched, and `InterruptedByUser` on Ctrl-C.
    """
    listen(Event(stage="verify", state="start", total=len(artifacts)))
    tasks, verdicts = [], []
    for artifact in artifacts:
        try:
            tasks.append(_task(artifact, settings.store))
        except MachineError as error:
            verdicts.append(_verdict(artifact, "unknown", message=error.message))
    contexts = _provide(tasks, settings, listen)

    def one(task: _Task) -> PackageVerdict:
        name = task.artifact.filename
        listen(Event(stage="verify", item=name, state="start"))
        verdict = _verify(task, contexts[task.image, task.level], settings)
        state: State = "done" if verdict.outcome == "same" else "failed"
        listen(Event(stage="verify", item=name, state=state, seconds=verdict.seconds))
        return verdict

    # The longest first, so that none starts late.
    order = sorted(tasks, key=lambda task: -task.artifact.seconds)
    pool = ThreadPoolExecutor(settings.workers or os.cpu_count())
    try:
        verdicts += pool.map(one, order)
    except BaseException:
        process.end_all()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    same = all(verdict.outcome == "same" for verdict in verdicts)
    listen(Event(stage="verify", state="done" if same else "failed"))
    return sorted(verdicts, key=lambda verdict: verdict.filename)


def _task(artifact: Artifact, store: Store) -> _Task:
    """Return the record of a build; raises `MachineError` when it cannot be repeated."""
    job = stored_job(artifact, store)
    inputs = stored_inputs(artifact.path.parent)
    assert inputs is not None, "the job's record was read beside it"
    try:
        was, image = inputs["builder"], str(inputs["image"])
        level, parts = int(was["level"]), was.keys()
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        where = artifact.path.parent
        raise MachineError(f"the record of its inputs in {where} cannot be read") from error
    now = fingerprint(image, level).parts
    others = [name for name in sorted(parts | now.keys()) if was.get(name) != now.get(name)]
    if others:
        raise MachineError(
            f"another version of rootstock built it, with another {', '.join(others)}"
        )
    return _Task(artifact=artifact, job=job, image=image, level=level)


def _provide(
    tasks: Sequence[_Task], settings: RebuildSettings, listen: Listener
) -> Mapping[tuple[str, int], BuildContext | MachineError]:
    """Fetch all sources; return what builds, by image and level, or why nothing can."""
    files = [source_of(entry) for task in tasks for entry in task.job.sources]
    sources.fetch(files, settings.registry, settings.store, listen, offline=settings.offline)
    roots: dict[str, Path | MachineError] = {}
    for digest in {task.image for task in tasks}:
        try:
            roots[digest] = _image(digest, settings, listen)
        except MachineError as error:
            roots[digest] = error
    contexts: dict[tuple[str, int], BuildContext | MachineError] = {}
    for task in tasks:
        root = roots[task.image]
        contexts[task.image, task.level] = (
            root
            if isinstance(root, MachineError)
            else BuildContext(
                store=settings.store,
                engine=settings.engine,
                image=root,
                platform=task.job.order["platform"],
                level=task.level,
                limits=Limits(memory=default_memory()),
                stage=stage,
            )
        )
    return contexts


def _image(digest: str, settings: RebuildSettings, listen: Listener) -> Path:
    store, checkout = settings.store, settings.checkout
    image = rootfs.find_cached("build", digest, store, listen, check=True)
    for relocked in (False, True):  # the digest decides which of the locks is meant
        if image is None and digest == profiles.digest(
            settings.profile, checkout, store, relocked=relocked
        ):
            image = profiles.ensure(
                settings.profile,
                checkout,
                store,
                listen,
                relocked=relocked,
                offline=settings.offline,
            )
    if image is None:
        raise MachineError(f"the image that built it, {digest[:12]}, no longer exists")
    settings.engine.prepare(image.root)
    return image.root


def _verify(
    task: _Task, context: BuildContext | MachineError, settings: RebuildSettings
) -> PackageVerdict:
    artifact, started = task.artifact, time.monotonic()
    if isinstance(context, MachineError):
        return _verdict(artifact, "unknown", message=context.message)
    log = settings.logs / f"{task.job.id}.log"
    path = ""
    differences: tuple[Difference, ...] = ()
    with settings.store.scratch(artifact.name) as folder:
        try:
            made = builder.make(task.job, context, log, folder)
        except BuildFailed as error:
            return _verdict(artifact, "failed", message=error.message, log=str(log))
        rebuilt = sha256_of(made.path)
        if rebuilt != artifact.sha256:
            differences = compare(artifact.path, made.path, folder)
            path = str(made.path.rename(settings.logs / artifact.filename))
    return _verdict(
        artifact,
        "differs" if differences else "same",
        rebuilt=rebuilt,
        seconds=round(time.monotonic() - started, 2),
        log=str(log),
        path=path,
        differences=differences,
    )


def _verdict(artifact: Artifact, outcome: Outcome, **known: Any) -> PackageVerdict:
    return PackageVerdict(
        filename=artifact.filename, outcome=outcome, sha256=artifact.sha256, **known
    )
