import math
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from rootstock.building import failures
from rootstock.building import log as logs
from rootstock.building.limits import Limits
from rootstock.core.errors import BuildFailed
from rootstock.core.store import Store
from rootstock.plan.graph import Graph, Node

NODE = cast(Node, SimpleNamespace(id="zlib-1", key="k" * 64))
GRAPH = cast(Graph, SimpleNamespace(nodes={"zlib-1": NODE}))


def failed(tmp_path: Path, **options: object) -> BuildFailed:
    log = tmp_path / "zlib.log"
    log.write_text("".join(f"line {number}\n" for number in range(200)))
    return BuildFailed("zlib-1", log, [*logs.tail(log), "A reason."], **options)  # type: ignore[arg-type]


def test_a_failure_is_kept_with_its_log(tmp_path: Path, store: Store) -> None:
    error = failed(tmp_path, stage="tests")
    failures.keep(store, NODE, error, 12.345, "bubblewrap")
    error.log.unlink()
    kept = failures.load(store, NODE.key)
    assert kept is not None
    assert (kept.key, kept.node, kept.stage, kept.seconds) == (NODE.key, "zlib-1", "tests", 12.35)
    # The reason that was found after the build is no part of the log.
    assert kept.tail == (*(f"line {number}" for number in range(101, 200)), "A reason.")
    assert kept.log.read_text().startswith("line 0\n")
    assert kept.log.is_relative_to(store.root)


def test_the_last_failure_is_the_one_that_is_kept(tmp_path: Path, store: Store) -> None:
    for stage in ("script", "tests"):
        failures.keep(store, NODE, failed(tmp_path, stage=stage), 1.0, "unshare")
    kept = failures.load(store, NODE.key)
    assert kept is not None and kept.stage == "tests"


def test_it_is_reported_when_it_failed_where_its_log_is_and_what_to_do(
    tmp_path: Path, store: Store
) -> None:
    failures.keep(store, NODE, failed(tmp_path), 12.0, "bubblewrap")
    error = failures.known(GRAPH, {"zlib-1": None}, store, Limits())["zlib-1"]
    kept = failures.load(store, NODE.key)
    assert kept is not None
    assert kept.at in error.message and kept.host in error.message and "12 s" in error.message
    assert "line 199" in error.message
    assert str(kept.log) in error.remedy and "--retry" in error.remedy


def test_what_is_forgotten_is_tried_again(tmp_path: Path, store: Store) -> None:
    failures.keep(store, NODE, failed(tmp_path), 1.0, "bubblewrap")
    failures.forget(store, NODE.key)
    failures.forget(store, NODE.key)
    assert failures.known(GRAPH, {"zlib-1": None}, store, Limits()) == {}


@pytest.mark.parametrize(
    ("over", "limit", "limits", "holds"),
    [
        ("", 0.0, Limits(), True),
        ("time", 60.0, Limits(seconds=60.0), True),
        ("time", 60.0, Limits(seconds=30.0), True),
        ("time", 60.0, Limits(seconds=61.0), False),
        ("time", 60.0, Limits(seconds=math.inf), False),
        ("memory", 1e9, Limits(memory=1e9), True),
        ("memory", 1e9, Limits(memory=2e9, seconds=1.0), False),
    ],
)
def test_a_limit_that_was_raised_lets_it_be_tried_again(
    tmp_path: Path, store: Store, over: str, limit: float, limits: Limits, holds: bool
) -> None:
    failures.keep(store, NODE, failed(tmp_path, over=over, limit=limit), 1.0, "bubblewrap")
    assert bool(failures.known(GRAPH, {"zlib-1": None}, store, limits)) is holds


def test_a_record_that_cannot_be_read_is_none(store: Store) -> None:
    folder = store.failure(NODE.key)
    folder.mkdir(parents=True)
    (folder / failures.RECORD).write_text("{")
    assert failures.known(GRAPH, {"zlib-1": None}, store, Limits()) == {}
