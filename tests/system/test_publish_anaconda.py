"""Publishing to anaconda.org: the site's own client against a site that remembers and fails."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rootstock.core.errors import RefusedError, RootstockError, SmokeFailed, UsageError
from rootstock.core.progress import Event, silent
from rootstock.core.store import Store, locate
from rootstock.core.tokens import Secret
from rootstock.publish import anaconda, publish
from rootstock.publish.anaconda import Anaconda
from rootstock.publish.retry import RetryPolicy
from rootstock.publish.snapshot import ChannelSnapshot
from rootstock.publish.target import Conflict, TransientError
from rootstock.sources import tools

from ..channels import load
from . import anaconda_site
from .anaconda_site import TOKEN, USER, File, Site
from .conftest import CHECKOUT
from .faulty import Answer, Fault, serving
from .parcels import ONCE, SOON, Installs, paths, promoted, untested

pytestmark = pytest.mark.system
LOCK = CHECKOUT / "ci/tools/anaconda.lock"


@pytest.fixture
def site() -> Iterator[Site]:
    state = Site()
    with serving(anaconda_site.Handler, state) as url:
        state.url = url
        yield state


def more(channel: Path, package: Any) -> ChannelSnapshot:
    promoted(channel, "new", package("two", depends=["one"]), package("one"), package("three"))
    return load(channel)


@pytest.fixture
def target(site: Site) -> Anaconda:
    shared = locate()
    shared.prepare()
    return Anaconda(
        user=USER,
        environment=tools.ensure(LOCK, shared, silent),
        token=Secret(TOKEN),
        server=site.url,
        url=f"{site.url}/conda/{USER}",
        timeout=20,
    )


def has(site: Site, snapshot: ChannelSnapshot) -> None:
    """Have the parcel published already."""
    for one in snapshot.packages:
        site.packages.setdefault(one.name, set()).add(one.version)
        labels = {"main", "staging"}
        site.files[one.path] = File(one.file.read_bytes(), labels, dict(one.record))


def go(
    snapshot: ChannelSnapshot, target: Anaconda, store: Store, policy: RetryPolicy = SOON
) -> Any:
    return publish.publish(snapshot, target, store, silent, untested, policy=policy)


def test_a_release_is_uploaded_tested_and_shown(
    channel: Path, package: Any, site: Site, target: Anaconda, store: Store, tmp_path: Path
) -> None:
    said: list[Event] = []
    installs = Installs(tmp_path)
    snapshot = load(channel)
    done = publish.publish(snapshot, target, store, said.append, installs, policy=SOON)
    assert site.labelled("main") == site.labelled("staging") == paths(snapshot)
    assert set(done.uploaded) == set(done.read) == set(done.shown) == set(paths(snapshot))
    assert (done.cells, installs.calls) == (("old",), 1)
    assert {event.item for event in said} >= {"upload", "read back"}

    snapshot = more(channel, package)
    asked = len(site.asked)
    done = publish.publish(snapshot, target, store, silent, installs, policy=SOON)
    assert site.labelled("main") == paths(snapshot)
    assert sorted(done.uploaded) == ["linux-64/three-1.0-h0_0.conda", "linux-64/two-1.0-h0_0.conda"]
    assert done.cells == ("new",)
    fetched = [path for _, path, _ in site.asked[asked:] if re.match("/conda/.*[.]conda$", path)]
    assert len(fetched) == 2 + 3  # read back, installed

    asked = len(site.asked)
    again = publish.publish(snapshot, target, store, silent, installs, policy=SOON)
    assert again.uploaded == again.read == again.shown == again.cells == ()
    assert {step for step, *_ in site.asked[asked:]} == {"user", "package", "label"}


MAY_PASS = (500, "half", "after", "hang")
FAULTS = [
    *(("commit", how) for how in (401, 403, 409, *MAY_PASS)),
    *(("storage", how) for how in (500, "half", "hang")),
    *(("copy", how) for how in (500, "after", "hang")),
    *(("stage", how) for how in (403, "half")),
    *(("new package", 500), ("new release", "after")),
    *(("package", 500), ("label", "half")),
    *(("download", "half"), ("download", "hang"), ("index", 404)),
]


@pytest.mark.parametrize(("step", "how"), FAULTS)
def test_a_fault_leaves_the_old_set_and_a_second_run_completes(
    step: str, how: Any, channel: Path, package: Any, site: Site, target: Anaconda, store: Store
) -> None:
    once = replace(ONCE, timeout=1.0 if how == "hang" else 20.0)
    target = replace(target, timeout=once.timeout)
    has(site, load(channel))
    old = site.labelled("main")
    snapshot = more(channel, package)
    # The second of its kind, where a run has several: something is there already.
    spare = 1 if step in ("commit", "storage", "stage", "new package", "download") else 0
    site.faults = [Fault(step, how, spare=spare)]
    with pytest.raises(RootstockError) as caught:
        go(snapshot, target, store, once)
    assert site.met
    assert TOKEN not in str(caught.value)
    if step == "copy" and how == "after":
        assert site.labelled("main") == paths(snapshot)  # it was done, and nobody heard of it
    else:
        assert site.labelled("main") == old
    if how in MAY_PASS:
        assert isinstance(caught.value, TransientError) and caught.value.code == 3
    elif how != 404:
        assert caught.value.code == 5

    site.faults = []
    done = go(snapshot, target, store)
    assert site.labelled("main") == paths(snapshot)
    if step in ("commit", "storage"):
        assert len(done.uploaded) < 2 + (how == 409)
    assert all(command != "DELETE" for command, *_ in site.asked)


def test_what_may_pass_is_tried_again(
    channel: Path, site: Site, target: Anaconda, store: Store
) -> None:
    site.faults = [
        Fault("package", 500, times=1),
        Fault("stage", "after", times=1),
        Fault("storage", "half", times=1),  # a row of its own: the next file begins another
        Fault("commit", "after", times=1),
        Fault("commit", 503, times=1),
        Fault("download", "half", times=2),
        Fault("index", 404, times=3),
        Fault("copy", "hang", times=1),
        Fault("copy", "after", times=1),
    ]
    snapshot = load(channel)
    go(snapshot, replace(target, timeout=2.0), store)
    assert site.met == sum((1, 1, 1, 1, 1, 2, 3, 1, 1))
    assert site.labelled("main") == paths(snapshot)


def test_what_does_not_pass_is_not_tried_again(
    channel: Path, site: Site, target: Anaconda, store: Store
) -> None:
    with pytest.raises(RefusedError, match="401"):
        go(load(channel), replace(target, token=Secret("another")), store)
    assert [step for step, *_ in site.asked] == ["user"]


def test_other_bytes_of_the_same_name_are_refused(
    channel: Path, package: Any, site: Site, target: Anaconda, store: Store, tmp_path: Path
) -> None:
    go(load(channel), target, store)
    before = site.labelled("main")
    other = tmp_path / "other"
    promoted(other, "old", package("one", key="other"), package("four"))
    with pytest.raises(RefusedError, match="other files of the same names: linux-64/one-1"):
        go(load(other), target, store)
    assert site.labelled("main") == site.labelled("staging") == before


def test_somebody_who_was_faster(channel: Path, site: Site, target: Anaconda, store: Store) -> None:
    """The site has the file when it is staged: the same bytes are done, others are an error."""
    snapshot = load(channel)
    package = snapshot.packages[0]
    file = File(package.file.read_bytes(), {"staging"}, dict(package.record))
    stage = anaconda_site.Handler.stage

    def faster(handler: Any, value: Any, rest: list[str]) -> None:
        handler.site.files.setdefault(package.path, file)
        stage(handler, value, rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(anaconda_site.Handler, "stage", faster)
        go(snapshot, target, store, ONCE)
    assert site.labelled("main") == paths(snapshot)

    site.files.clear()
    file = File(package.file.read_bytes() + b"!", {"staging"}, dict(package.record))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(anaconda_site.Handler, "stage", faster)
        with pytest.raises(RefusedError, match="other files of the same names"):
            go(snapshot, target, store, ONCE)
    assert site.labelled("main") == {}


def test_bytes_that_changed_on_the_way_are_found(
    channel: Path, site: Site, target: Anaconda, store: Store
) -> None:
    snapshot = load(channel)
    target_label = publish.publish(
        snapshot, target, store, silent, untested, policy=SOON, stage_only=True
    )
    assert target_label.shown == () and site.labelled("main") == {}
    path = snapshot.packages[0].path
    content = site.files[path].content
    site.files[path].content = content[:-1] + b"?"
    with pytest.raises(RefusedError, match="other files of the same names"):
        go(snapshot, target, store)
    assert site.labelled("main") == {}


def test_a_site_that_says_one_thing_and_gives_another(
    channel: Path, site: Site, target: Anaconda, store: Store
) -> None:
    snapshot = load(channel)
    conda = anaconda_site.Handler.conda

    def lie(handler: Any, body: bytes, rest: list[str]) -> None:
        if rest[-1].startswith("one"):
            raise Answer(200, b"something else")
        conda(handler, body, rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(anaconda_site.Handler, "conda", lie)
        with pytest.raises(RefusedError, match="returns other bytes than it got"):
            go(snapshot, target, store)
    assert site.labelled("main") == {}


def test_what_fails_its_test_is_not_shown(
    channel: Path, package: Any, site: Site, target: Anaconda, store: Store
) -> None:
    def fails(cells: Any, url: str) -> None:
        raise SmokeFailed("it does not work")

    snapshot = load(channel)
    with pytest.raises(SmokeFailed):
        publish.publish(snapshot, target, store, silent, fails, policy=SOON)
    assert site.labelled("main") == {}
    # Nor does it become visible with what is published next.
    other = channel.with_name("other")
    promoted(other, "other", package("other"))
    with pytest.raises(RefusedError, match="something else is staged"):
        go(load(other), target, store)
    go(load(other), replace(target, staging="second"), store)
    assert set(site.labelled("main")) == {"linux-64/other-1.0-h0_0.conda"}


def test_files_that_are_there_get_the_label(
    channel: Path, site: Site, target: Anaconda, store: Store
) -> None:
    snapshot = load(channel)
    go(snapshot, replace(target, label="trial"), store)
    for file in site.files.values():
        file.labels = {"trial"}
    asked = len(site.asked)
    go(snapshot, target, store)
    assert site.labelled("main") == paths(snapshot)
    assert "storage" not in {step for step, *_ in site.asked[asked:]}


def test_one_uploader_at_a_time(channel: Path, site: Site, target: Anaconda, store: Store) -> None:
    def second(cells: Any, url: str) -> None:
        with pytest.raises(RefusedError, match=r"process .* is writing to"):
            go(load(channel), target, store)

    publish.publish(load(channel), target, store, silent, second, policy=SOON)


def test_a_user_that_is_not_there(channel: Path, target: Anaconda, store: Store) -> None:
    with pytest.raises(UsageError, match="has no user nobody"):
        go(load(channel), replace(target, user="nobody"), store)


def test_the_token_is_not_in_what_is_stored(
    channel: Path, site: Site, target: Anaconda, store: Store
) -> None:
    assert TOKEN not in repr(target)
    go(load(channel), target, store)
    assert any(TOKEN in header for _, _, header in site.asked)
    for path in (path for path in store.root.rglob("*") if path.is_file()):
        assert TOKEN.encode() not in path.read_bytes(), path
    assert all(TOKEN not in path for _, path, _ in site.asked)
    assert all(not header for step, _, header in site.asked if step in ("storage", "download"))


def test_the_real_site_is_the_default() -> None:
    made = Anaconda(user="me", environment=Path(), token=Secret(""), timeout=1)
    assert (made.server, made.label) == (anaconda.SERVER, "main")
    assert made.shown_url == "https://conda.anaconda.org/me"
    assert made.staged_url == "https://conda.anaconda.org/me/label/staging"
    assert Conflict("").code == 5
