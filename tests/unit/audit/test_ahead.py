"""A stream that a thread reads ahead."""

import io
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from rootstock.audit.ahead import Ahead

DATA = bytes(range(256)) * 40_000  # some chunks, the last of them not whole


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


def test_reads_are_those_of_the_source(pool: ThreadPoolExecutor) -> None:
    ahead, plain = Ahead(io.BytesIO(DATA).read, pool), io.BytesIO(DATA)
    for size in (0, 1, 512, 3_000_000, 5_000_000, 9_000_000):
        assert (ahead.read(size), ahead.tell()) == (plain.read(size), plain.tell())
    assert ahead.read() == plain.read()
    assert ahead.read(1) == b""


def test_all_of_the_source_is_read_without_a_size(pool: ThreadPoolExecutor) -> None:
    assert Ahead(io.BytesIO(DATA).read, pool).read() == DATA


def test_bytes_that_were_taken_are_those_of_the_source(pool: ThreadPoolExecutor) -> None:
    ahead, taken = Ahead(io.BytesIO(DATA).read, pool), b""
    while part := ahead.take(1_500_000):
        taken += part
    assert (taken, ahead.tell()) == (DATA, len(DATA))


def test_it_goes_forwards_to_a_byte(pool: ThreadPoolExecutor) -> None:
    ahead = Ahead(io.BytesIO(DATA).read, pool)
    assert (ahead.seek(6_000_001), ahead.read(2)) == (6_000_001, DATA[6_000_001:6_000_003])


def test_it_stays_at_the_end_of_the_source(pool: ThreadPoolExecutor) -> None:
    ahead = Ahead(io.BytesIO(DATA).read, pool)
    assert (ahead.seek(len(DATA) + 1), ahead.read(1)) == (len(DATA), b"")


def test_it_does_not_go_back(pool: ThreadPoolExecutor) -> None:
    ahead = Ahead(io.BytesIO(DATA).read, pool)
    ahead.read(2)
    with pytest.raises(io.UnsupportedOperation):
        ahead.seek(1)


def test_nothing_is_read_after_it_was_closed(pool: ThreadPoolExecutor) -> None:
    asked, closed = [], threading.Event()

    def slow(count: int) -> bytes:
        asked.append(count)
        closed.wait(60)
        return b"1"

    with Ahead(slow, pool):
        pass
    closed.set()
    pool.shutdown()
    assert len(asked) <= 1


def test_an_error_of_the_source_is_raised_by_the_read(pool: ThreadPoolExecutor) -> None:
    def broken(_: int) -> bytes:
        raise EOFError("half a frame")

    with pytest.raises(EOFError, match="half a frame"):
        Ahead(broken, pool).read(1)
