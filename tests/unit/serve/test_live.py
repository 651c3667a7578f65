import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rootstock.channel.reader import Channel
from rootstock.core.errors import RefusedError
from rootstock.serve.files import Content
from rootstock.serve.live import Filled, LivePage


def ask(page: LivePage, *urls: str) -> list[Content | None]:
    async def run() -> list[Content | None]:
        return [await page.at(url) for url in urls]

    return asyncio.run(run())


class Maker:
    """Makes pages, and counts them; `hold` makes it wait."""

    def __init__(self) -> None:
        self.made = 0
        self.go = threading.Event()
        self.go.set()
        self.error: Exception | None = None

    def __call__(self, url: str) -> bytes:
        self.go.wait(20)
        self.made += 1
        if self.error:
            raise self.error
        return f"{self.made} {url} {url}".encode()


def test_it_is_made_once_for_each_generation(publish_root: Any, tmp_path: Path) -> None:
    publish_root()
    maker = Maker()
    page = LivePage(Channel.at(tmp_path / "channel"), maker)
    one, two, again = ask(page, "http://a", "http://b", "http://a")
    assert one and two and again and one == again
    assert (one.body, two.body) == (b"1 http://a http://a", b"1 http://b http://b")
    assert one.tag != two.tag
    publish_root("6.38.00")
    [new] = ask(page, "http://a")
    assert new and new.body == b"2 http://a http://a" and new.tag != one.tag
    (tmp_path / "channel/channel.yaml").write_text("title: New")
    ask(page, "http://a")
    assert maker.made == 3


def test_an_address_is_quoted_for_the_shell_and_for_html(publish_root: Any, tmp_path: Path) -> None:
    publish_root()
    [found] = ask(LivePage(Channel.at(tmp_path / "channel"), Maker()), "http://a'<b>")
    assert found and isinstance(found.body, bytes) and b"<" not in found.body


def test_who_asks_while_it_is_made_is_reported(publish_root: Any, tmp_path: Path) -> None:
    publish_root()
    maker = Maker()
    maker.go.clear()
    page = LivePage(Channel.at(tmp_path / "channel"), maker, patience=0.1)

    async def run() -> None:
        assert await page.at("http://a") is None
        assert await page.at("http://a") is None
        publish_root("6.38.00")  # while it is made, which is then made once more
        maker.go.set()
        page._patience = 20
        found = await page.at("http://a")
        assert found and found.body == b"2 http://a http://a"

    asyncio.run(run())


def test_what_cannot_be_made_is_not_tried_all_the_time(publish_root: Any, tmp_path: Path) -> None:
    publish_root()
    maker = Maker()
    maker.error = RefusedError("it is damaged")
    page = LivePage(Channel.at(tmp_path / "channel"), maker)

    async def run() -> None:
        for _ in range(5):
            with pytest.raises(RefusedError, match="it is damaged"):
                await page.at("http://a")
        assert maker.made == 1
        maker.error = None
        publish_root("6.38.00")
        assert await page.at("http://a")

    asyncio.run(run())


def test_a_channel_that_was_copied_without_its_links(publish_root: Any, tmp_path: Path) -> None:
    publish_root()
    link = tmp_path / "channel/.rootstock/current"
    link.unlink()
    link.mkdir()
    with pytest.raises(RefusedError, match="not its own link"):
        ask(LivePage(Channel.at(tmp_path / "channel"), Maker()), "http://a")


@given(st.lists(st.binary(max_size=5), min_size=1), st.binary(max_size=3), st.integers(1, 7))
def test_a_page_in_pieces(parts: list[bytes], between: bytes, most: int) -> None:
    whole, filled = between.join(parts), Filled(parts, between)
    assert filled.size == len(whole)
    for start in range(len(whole)):
        piece = filled.piece(start, most)
        assert piece and len(piece) <= most and whole[start:].startswith(piece)
    assert filled.piece(len(whole), most) == b""


def test_a_large_page_is_not_held_for_each_reader(publish_root: Any, tmp_path: Path) -> None:
    publish_root()
    page = LivePage(
        Channel.at(tmp_path / "channel"), lambda url: f"{url}{'x' * 300_000}{url}".encode()
    )
    one, two = ask(page, "http://a", "http://bb")
    assert one and two and isinstance(one.body, Filled) and isinstance(two.body, Filled)
    assert (one.size, two.size) == (300_016, 300_018)
    assert one.body.piece(8, 300_000) is one.body.piece(8, 300_000) is two.body.piece(9, 300_000)
    assert two.body.piece(300_009, 100) == b"http://bb"
