"""The argument lists of the engines: what isolates must be in each of them."""

from pathlib import Path

import pytest

from rootstock.image.engines import Engine, Mount, Sandbox
from rootstock.image.engines.choose import ENGINES

SANDBOX = Sandbox(
    root=Path("/store/images/abc/root"),
    mounts=(
        Mount(source=Path("/a b/build"), target="/rootstock/build", writable=True),
        Mount(source=Path("/deps"), target="/rootstock/deps"),
    ),
    env={"PATH": "/usr/bin", "NAME": "two words"},
    cwd="/rootstock/build",
)


@pytest.mark.parametrize("engine", ENGINES.values(), ids=list(ENGINES))
def test_the_command_comes_last_and_whole(engine: Engine) -> None:
    words = engine.command(SANDBOX, ["sh", "-c", "echo $NAME"])
    assert "echo $NAME" in words[-1]
    assert any("two words" in word for word in words)


@pytest.mark.parametrize(
    ("name", "isolated"),
    [
        ("bubblewrap", ["--unshare-all", "--clearenv", "--die-with-parent"]),
        ("unshare", ["--net", "--pid", "--kill-child"]),
        ("podman", ["--network=none", "--read-only", "--cap-drop=ALL"]),
        ("docker", ["--network=none", "--read-only", "--cap-drop=ALL"]),
    ],
)
def test_no_network_and_nothing_of_the_caller(name: str, isolated: list[str]) -> None:
    words = ENGINES[name].command(SANDBOX, ["true"])
    assert set(isolated) <= set(words)


def test_only_what_is_writable_is_mounted_so() -> None:
    words = ENGINES["bubblewrap"].command(SANDBOX, ["true"])
    assert words[words.index("/a b/build") - 1] == "--bind"
    assert words[words.index("/deps") - 1] == "--ro-bind"
    script = ENGINES["unshare"].command(SANDBOX, ["true"])[-1]
    assert 'remount,bind,ro "$R"/rootstock/deps' in script
    assert 'remount,bind,ro "$R"/rootstock/build' not in script
