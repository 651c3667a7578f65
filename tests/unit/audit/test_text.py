"""Traces of the build in files."""

import pytest

from rootstock.audit.text import leaks, may_leak

PREFIX = b"/rootstock/build/out/bld/rattler-build_x/host_env_placehold_placehold_placehold_pl"


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"", []),
        (b"plain text", []),
        (b"-L/rootstock/build/out/bld/work/lib -lz", ["/rootstock/build/out/bld/work/lib"]),
        (b"gcc -isystem/rootstock/x", ["-isystem/rootstock/x"]),
        (b"a-b/rootstock/x", []),
        (b"\0\1/rootstock/build/work/a.c\0", ["/rootstock/build/work/a.c"]),
        (b"/rootstock/a", ["/rootstock/a"]),
        (b"file:///rootstock/deps", ["///rootstock/deps"]),
        (b"share/rootstock/a and https://host.org/rootstock/", []),
        (b"x=/home/me/proj_build_env/lib", ["/home/me/proj_build_env/lib"]),
        (b"from pip._internal.build_env import a", []),
        (b"/a/rootstock/ then /rootstock/b /rootstock/b", ["/rootstock/b"]),
    ],
)
def test_leaks(data: bytes, found: list[str]) -> None:
    assert [path.removeprefix("-L").removeprefix("x=") for path in leaks(data)] == found


@pytest.mark.parametrize(
    ("data", "may"),
    [(b"", False), (b"plain text", False), (b"a-b/rootstock/x", True), (b"x_build_env/lib", True)],
)
def test_what_may_leak(data: bytes, may: bool) -> None:
    assert may_leak(data) is may


def test_the_placeholder_itself_is_no_leak() -> None:
    data = b"#!" + PREFIX + b"/bin/python\n" + PREFIX + b":" + PREFIX
    assert list(leaks(data, PREFIX)) == []
    assert list(leaks(data))


def test_other_build_paths_beside_the_placeholder_are() -> None:
    other = b"/rootstock/build/out/bld/rattler-build_x/work/a.c"
    data = PREFIX + b"/lib\0" + other + b"\0" + PREFIX[:-9]
    found = list(leaks(data, PREFIX))
    assert other.decode() in found
    assert PREFIX[:-9].decode() in found
