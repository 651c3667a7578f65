"""The stage of what comes from elsewhere: the images, and the sources of what is to be built."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from rootstock.building import failures
from rootstock.plan.graph import Node
from rootstock.run.context import BARE_IMAGE, BUILD_IMAGE, Context
from rootstock.run.state import State
from rootstock.sources.fetch import Fetching, load_registry
from rootstock.sources.source import Source, source_of

# What can be done without the sources of a package.
_INSTEAD = {
    "python": "Or only try the rest, with an interpreter of this machine: rootstock smoke "
    "--py {cpython} --local-python {cpython}"
}


def prepare(context: Context, state: State) -> Iterator[State]:
    """Look for what failed before and is not tried again, and for the engine that was asked for.

    Raises the error of the first such failure, unless the run goes on without what it needs.
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
        assert context.engine  # one that does not work is an error, also where it is not used


def fetch(context: Context, state: State) -> State:
    """Make the images, while the sources begin to come.

    Raises what making an image raises, and `SourceError` for a source that cannot be had, unless
    the run goes on without what is built from it.
    """
    request, plan = context.request, state.plan
    registry = load_registry(request.checkout.sources)
    files = [source for id_ in plan.wanted for source in sources_of(plan.graph.nodes[id_])]
    fetching = Fetching(files, registry, context.store, context.listen, offline=request.offline)
    # To look at all of an image takes as long as a run with nothing to do.
    check = bool(plan.wanted)
    pool = ThreadPoolExecutor(2)
    try:
        making = {
            name: pool.submit(context.image, name, check=check)
            for name in (BUILD_IMAGE, BARE_IMAGE)
        }
        images = {name: future.result() for name, future in making.items()}
        if not request.keep_going:
            fetching.check()
    except BaseException:
        fetching.close()
        raise
    finally:
        # After Ctrl-C nobody waits for a server that does not answer.
        pool.shutdown(wait=False, cancel_futures=True)
    return replace(state, images=images, fetching=fetching)


def sources_of(node: Node) -> list[Source]:
    """The sources that a package is built from."""
    instead = _INSTEAD.get(node.output.name, "").format(**node.output.variant)
    return [source_of(entry, instead) for entry in node.output.sources]
