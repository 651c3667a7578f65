import errno
import hashlib
import threading
from pathlib import Path

import pytest

from rootstock.core.errors import NoSpace, SourceError, UsageError
from rootstock.core.progress import Event, silent
from rootstock.core.store import Store
from rootstock.sources import http, purl, pypi
from rootstock.sources.fetch import Fetching, WrongBytes, fetch, load_registry
from rootstock.sources.source import Source, path_in, source_of

CONTENT = b"int main(void) { return 0; }\n"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def source(tmp_path: Path) -> Source:
    file = tmp_path / "main.c"
    file.write_bytes(CONTENT)
    return Source(urls=(file.as_uri(),), sha256=SHA256, filename="main.c")


def test_a_source_is_fetched_once(store: Store, source: Source) -> None:
    events: list[Event] = []
    fetch([source], {}, store, events.append)
    fetch([source], {}, store, events.append)
    assert path_in(store, source).read_bytes() == CONTENT
    assert [event.state for event in events if event.state != "progress"] == [
        "start", "done", "kept",
    ]  # fmt: skip


def test_a_download_has_at_most_so_many_bytes(tmp_path: Path, source: Source) -> None:
    [url] = source.urls
    into = http.download(url, tmp_path / "into", silent, most=len(CONTENT))
    assert into.read_bytes() == CONTENT
    with pytest.raises(SourceError, match="the file has more than 28 bytes"):
        http.download(url, into, silent, most=len(CONTENT) - 1)
    assert into.read_bytes() == b""


def test_wrong_bytes_never_enter_the_store(store: Store, source: Source) -> None:
    wrong = Source(urls=source.urls, sha256="0" * 64, filename="main.c")
    with pytest.raises(WrongBytes, match=SHA256):
        fetch([wrong], {}, store, silent)
    assert not path_in(store, wrong).exists()
    assert not any((store.root / "tmp").iterdir())


def test_a_damaged_source_is_fetched_again(store: Store, source: Source) -> None:
    fetch([source], {}, store, silent)
    damaged = bytearray(CONTENT)
    damaged[3] ^= 1
    path_in(store, source).write_bytes(damaged)
    events: list[Event] = []
    fetch([source], {}, store, events.append)
    assert path_in(store, source).read_bytes() == CONTENT
    [note] = [event.detail for event in events if event.state == "note"]
    assert str(path_in(store, source)) in note


def test_a_source_whose_folder_is_there_without_it_is_fetched(store: Store, source: Source) -> None:
    path_in(store, source).parent.mkdir(parents=True)
    (path_in(store, source).parent / "something").touch()
    fetch([source], {}, store, silent)
    assert path_in(store, source).read_bytes() == CONTENT


def test_the_same_bytes_may_have_two_names(store: Store, source: Source) -> None:
    other = Source(urls=source.urls, sha256=SHA256, filename="other.c")
    for one in (source, other):
        fetch([one], {}, store, silent)
    assert path_in(store, source).read_bytes() == path_in(store, other).read_bytes() == CONTENT


def test_a_full_disk_is_no_fault_of_the_source(
    store: Store, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("urllib.request.urlopen", full)
    with pytest.raises(NoSpace) as caught:
        fetch([source], {}, store, silent)
    assert caught.value.code == 4


def test_a_source_put_there_by_hand_is_taken(store: Store, source: Source) -> None:
    away = Source(urls=("https://example.invalid/main.c",), sha256=SHA256, filename="main.c")
    path_in(store, away).parent.mkdir(parents=True)
    path_in(store, away).write_bytes(CONTENT)
    fetch([away], {}, store, silent, offline=True)


def test_what_cannot_be_fetched_says_the_url_and_where_to_put_it(
    store: Store, tmp_path: Path
) -> None:
    url = (tmp_path / "absent.tgz").as_uri()
    gone = Source(urls=(url,), sha256="1" * 64, filename="absent.tgz", instead="Or do without.")
    with pytest.raises(SourceError) as caught:
        fetch([gone], {}, store, silent, offline=True)
    assert caught.value.code == 3
    assert url in caught.value.remedy
    assert str(path_in(store, gone)) in caught.value.remedy
    assert caught.value.remedy.splitlines()[-1] == "Or do without."


def test_the_name_of_a_source_is_that_of_its_url_or_in_its_package_url() -> None:
    entry = {"url": "https://example.org/a/b-1.tgz", "sha256": SHA256}
    assert source_of(entry).filename == "b-1.tgz"
    entry = {"url": "pkg:pypi/a@1#a-1-py3-none-any.whl", "sha256": SHA256}
    assert source_of(entry).filename == "a-1-py3-none-any.whl"


def test_a_source_without_a_hash_is_refused() -> None:
    with pytest.raises(UsageError, match="sha256"):
        source_of({"url": "https://example.org/a.tgz"})


def test_who_needs_one_source_waits_for_no_other(
    store: Store, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, answered = threading.Event(), threading.Event()

    def download(url: str, file: Path, listen: object) -> Path:
        if "slow" in url:
            asked.set()
            assert answered.wait(60)
        file.write_bytes(CONTENT)
        return file

    monkeypatch.setattr("rootstock.sources.http.download", download)
    slow = Source(urls=("https://example.org/slow.c",), sha256="1" * 64, filename="slow.c")
    fetching = Fetching([slow, source], {}, store, silent)
    fetching.need([source])
    assert asked.wait(60)
    fetching.check()  # of what is not there yet nothing bad is known
    answered.set()
    with pytest.raises(SourceError, match=r"slow\.c"):
        fetching.need([slow])
    with pytest.raises(SourceError, match=r"slow\.c"):
        fetching.check()
    fetching.close()


WHEEL = "pkg:pypi/a@1#a-1-py3-none-any.whl"


def test_pip_is_not_asked_to_download_what_it_would_run(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["a-1-py3-none-any.whl", "a-1.tar.gz", "b-1-py3-none-any.whl", "b-1.zip"]
    asked: dict[str, list[str]] = {"pip": [], "parts": []}

    def download(wheels: list[pypi.WantedWheel], into: Path) -> None:
        for one in wheels:
            asked["pip"].append(one.purl.filename)
            (into / one.purl.filename).write_bytes(one.purl.filename.encode())

    def download_sdist(found: purl.Purl, into: Path) -> None:
        asked["parts"].append(found.filename)
        (into / found.filename).write_bytes(found.filename.encode())

    monkeypatch.setattr(pypi, "download", download)
    monkeypatch.setattr(pypi, "download_sdist", download_sdist)
    sources = [
        Source(
            urls=(f"pkg:pypi/{name[0]}@1#{name}",),
            sha256=hashlib.sha256(name.encode()).hexdigest(),
            filename=name,
        )
        for name in names
    ]
    fetch(sources, {}, store, silent)
    assert sorted(asked["pip"]) == [names[0], names[2]]
    assert sorted(asked["parts"]) == [names[1], names[3]]
    assert all(path_in(store, source).is_file() for source in sources)


def test_the_registry_maps_a_sha256_to_a_package_url(tmp_path: Path) -> None:
    path = tmp_path / "sources.yaml"
    path.write_text(f"{SHA256}: {WHEEL}\n")
    assert load_registry(path) == {SHA256: WHEEL}
    path.write_text("{}\n")
    assert load_registry(path) == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[a]", "1: a list is not a mapping"),
        ("text", "1: text is not a mapping"),
        ("12: a", "1: 12 is a number"),
        (f"\n{SHA256[:-1]}: {WHEEL}", "2: .* is not a sha256"),
        (f"{SHA256.upper()}: {WHEEL}", "1: .* is not a sha256"),
        (f"{SHA256}: 3", "1: 3 is a number"),
        (f"{SHA256}: [a]", "1: a list is not text"),
        (f"{SHA256}: https://example.org/a.tgz", "1: .*not a package URL"),
        (f"{SHA256}: {WHEEL}\n{SHA256}: {WHEEL}", "2: .* occurs twice"),
        ("a: [", "not YAML"),
        ("\tb: c", "not YAML"),
    ],
)
def test_a_wrong_registry_is_reported_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "sources.yaml"
    path.write_text(text)
    with pytest.raises(UsageError, match=said) as caught:
        load_registry(path)
    assert caught.value.message.startswith(f"{path}:")


def test_the_same_bytes_may_have_two_names_in_one_run(store: Store, source: Source) -> None:
    other = Source(urls=source.urls, sha256=SHA256, filename="other.c")
    fetch([source, other], {}, store, silent)
    assert path_in(store, source).read_bytes() == path_in(store, other).read_bytes() == CONTENT
