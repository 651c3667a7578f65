"""What names from outside may be."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rootstock.core import names
from rootstock.core.names import NotAllowed

PARTS = st.sampled_from(["..", ".", "", "/", "//", "\\", "~", "a", "linux-64", "\n", "\0", "é"])
HOSTILE = st.one_of(
    st.lists(PARTS, max_size=6).map("/".join),
    st.lists(PARTS, max_size=6).map("".join),
    st.text(max_size=300),
)


@given(HOSTILE)
def test_an_allowed_path_stays_in_its_folder(text: str) -> None:
    folder = Path("/srv/channel")
    try:
        path = names.relative_path(text)
    except NotAllowed:
        return
    assert (folder / path).resolve().is_relative_to(folder)
    assert (folder / path) != folder


@given(HOSTILE)
def test_a_name_is_one_component(text: str) -> None:
    for check in (names.file_name, names.package_file, names.cell, names.subdir):
        try:
            name = check(text)
        except NotAllowed:
            continue
        assert Path("/srv", name).parent == Path("/srv")


@given(st.one_of(st.none(), st.integers(), st.floats(), st.lists(st.text()), HOSTILE))
def test_what_is_refused_is_reported_on_one_line(value: object) -> None:
    for check in (names.relative_path, names.package_file, names.sha256, names.web_url):
        try:
            check(value)
        except NotAllowed as error:
            said = str(error)
            assert said.isprintable() and len(said) < 400


@given(st.one_of(st.none(), st.integers(), st.floats(), st.lists(st.text()), HOSTILE))
def test_any_value_is_shown_on_one_short_line(value: object) -> None:
    text = names.quoted(value)
    assert text.isprintable()
    assert len(text) < 100


@pytest.mark.parametrize(
    ("check", "right"),
    [
        (names.package_name, ["root", "_libgcc_mutex", "libstdcxx-devel_linux-64", "ruamel.yaml"]),
        (names.version, ["6.40.00", "1!2.0", "2026f", "1.0+local"]),
        (names.build_string, ["h0_0", "py311hABC_0", "0", "1.5+x"]),
        (names.subdir, ["noarch", "linux-64", "linux-aarch64"]),
        (names.package_file, ["root-6.40.00-h0_0.conda", "a-b-c-1!1.0+l-h0_0.conda"]),
        (names.relative_path, ["release.json", "keys/a.pub", ".rootstock/lock"]),
        (names.public_url, ["https://x.org/root", "http://[::1]:8000/x"]),
        (names.variable, ["GIT_PYTHON_REFRESH", "_x1", "HOMES", "PATH_2"]),
        (names.web_url, ["https://x.org/root", "http://127.0.0.1:8000", "http://[::1]/x"]),
    ],
)
def test_allowed(check: Callable[[object], str], right: list[str]) -> None:
    assert [check(text) for text in right] == right


@pytest.mark.parametrize(
    ("check", "wrong"),
    [
        (names.package_name, ["", "Root", "a b", "__glibc", "a--b", "a/b", "x" * 65, None, "é"]),
        (names.version, ["", "1-0", "1/0", "1.0 ", 1]),
        (names.build_string, ["", "a-b", "a/b", "h0\n"]),
        (names.subdir, ["", "..", "linux", "/linux-64", "linux-64/"]),
        (names.package_file, ["root.conda", "../a-1-0.conda", "a-1-0.tar.bz2", "a-1-b/0.conda"]),
        (names.relative_path, ["", "/a", "../a", "a/../b", "a//b", "a/", "a\0", "a\nb", "a" * 256]),
        (names.sha256, ["", "0" * 63, "G" * 64, "A" * 64, None]),
        (
            names.web_url,
            ["", "http://", "https:///x", "ftp://x", "http://a b/", "http://x\n", "http://x:y/"],
        ),
    ],
)
def test_not_allowed(check: Callable[[object], str], wrong: list[object]) -> None:
    for text in wrong:
        with pytest.raises(NotAllowed):
            check(text)


@pytest.mark.parametrize(
    ("many", "said"),
    [
        (0, ""),
        (2, "0, 1"),
        (11, "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10"),
        (20_000, "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, and 19,990 more"),
    ],
)
def test_a_list_of_names_is_cut(many: int, said: str) -> None:
    assert names.listed(range(many)) == said


def test_a_name_is_read_as_the_standard_has_it() -> None:
    for text in ("a", "_a", "a-", "a.b_c-d", "0"):
        assert names.package_file(f"{text}-1!0-h_0.conda")
    for text in ("__a", "a--b", "-a", ".a", "a._b", "A"):
        with pytest.raises(NotAllowed):
            names.package_file(f"{text}-1!0-h_0.conda")
    for text in ("a" * 65, "a-" * 40):
        with pytest.raises(NotAllowed):
            names.package_file(f"{text}-1-0.conda")


def test_times_and_places() -> None:
    assert names.utc_time("2026-11-22T20:00:00+00:00")
    for time in ("2026-11-22", "2026-02-30T20:00:00+00:00", "٢026-11-22T20:00:00+00:00", 5):
        with pytest.raises(NotAllowed):
            names.utc_time(time)
    for text in ("https://x.org/root", "file:///srv/a%20b", "http://127.0.0.1:8000/x"):
        assert names.place_url(text) == text
    for place in (
        "file://x/y",
        "/srv",
        "https://x.org/a b",
        "https://x.org/?q",
        "file:///a\nb",
        None,
    ):
        with pytest.raises(NotAllowed):
            names.place_url(place)
