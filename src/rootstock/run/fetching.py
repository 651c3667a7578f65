"""The stages before a build: known failures, then the images and the sources."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from rootstock.building import failures
from rootstock.plan.graph import Node
from rootstock.run.context import BUILD_IMAGE, Context
from rootstock.run.state import State
from rootstock.sources.fetch import Fetching, load_registry
from rootstock.sources.source import Source, source_of

# What can be done without the sources of a package.
_INSTEAD = {
    "python": "Or only try the rest, with an interpreter of this machine: rootstock smoke "
    "--py {cpython} --local-python {cpython}"
}


def prepare(context: Context, state: State) -> Iterator[State]:
    """Find builds that failed before and are not tried again, and test the requested engine.

    Raises the first of these failures, unless the run goes on without the package. Raises
    `MachineError` for an engine that does not work, also when nothing is to be built.
    """
    request = context.request
    if not request.retry:
        plan = state.plan
        known = failures.known(plan.graph, plan.wanted, context.store, request.limits)
        yield replace(state, failures=known)
        for error in known.values():
            if not request.keep_going:
                raise error
    if request.engine != "auto":
        context.require_engine()


def fetch(context: Context, state: State) -> Iterator[State]:
    """Make the images, and begin to fetch the sources at the same time.

    Raises what making an image raises, and `SourceError` for a source that cannot be fetched,
    unless the run goes on without the package.
    """
    with context.timed("sources"):
        state = _fetched(context, state)
    yield state


def _fetched(context: Context, state: State) -> State:
    request, plan = context.request, state.plan
    registry = load_registry(request.checkout.sources)
    files = [source for id_ in plan.wanted for source in sources_of(plan.graph.nodes[id_])]
    fetching = Fetching(files, registry, context.store, context.listen, offline=request.offline)
    # A check of all files of an image takes as long as a run with nothing to do.
    check = bool(plan.wanted)
    pool = ThreadPoolExecutor(2)
    try:
        making = {
            name: pool.submit(context.image, name, check=check)
            for name in {BUILD_IMAGE, *(system.id for system in request.systems)}
        }
        images = {name: future.result() for name, future in making.items()}
        if not request.keep_going:
            fetching.check()
    except BaseException:
        fetching.close()
        raise
    finally:
        # After Ctrl-C the run does not wait for a server that does not answer.
        pool.shutdown(wait=False, cancel_futures=True)
    return replace(state, images=images, fetching=fetching)


def sources_of(node: Node) -> list[Source]:
    """Return the sources that a package is built from."""
    instead = _INSTEAD.get(node.output.name, "").format(**node.output.variant)
    return [source_of(entry, instead) for entry in node.output.sources]
