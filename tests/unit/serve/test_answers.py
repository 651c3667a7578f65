import pytest

from rootstock.serve.answers import HttpRequest, range_of, refusal


@pytest.mark.parametrize(
    ("header", "size", "expected"),
    [
        ("bytes=0-0", 10, range(1)),
        ("bytes=0-", 10, range(10)),
        ("bytes=9-9", 10, range(9, 10)),
        ("bytes=4-99", 10, range(4, 10)),
        ("bytes=-3", 10, range(7, 10)),
        ("bytes=-99", 10, range(10)),
    ],
)
def test_ranges(header: str, size: int, expected: range) -> None:
    assert range_of(header, size) == expected


@pytest.mark.parametrize(("header", "size"), [("bytes=10-", 10), ("bytes=-0", 10), ("bytes=0-", 0)])
def test_ranges_that_hold_nothing(header: str, size: int) -> None:
    found = range_of(header, size)
    assert found is not None and len(found) == 0


@pytest.mark.parametrize(
    "header",
    [
        "bytes=5-4",
        "bytes=-",
        "bytes=a-b",
        "lines=0-1",
        "bytes=0-1,4-5",
        "bytes=" + "9" * 5000 + "-",
    ],
)
def test_ranges_that_are_not_followed(header: str) -> None:
    assert range_of(header, 10) is None


@pytest.mark.parametrize(
    ("method", "version", "host", "status"),
    [
        ("GET", "1.1", "here:81", None),
        ("HEAD", "1.1", "[::1]:81", None),
        ("GET", "1.0", None, None),
        ("GET", "1.1", None, 400),
        ("GET", "1.1", "", 400),
        ("GET", "1.1", "a, b", 400),
        ("GET", "1.1", "<b>", 400),
        ("GET", "1.0", "a b", 400),
        ("DELETE", "1.1", "here", 405),
        ("GET", "0.9", None, 505),
        ("GET", "2.0", "here", 505),
    ],
)
def test_requests_that_are_refused(
    method: str, version: str, host: str | None, status: int | None
) -> None:
    headers = {} if host is None else {"host": host}
    answer = refusal(HttpRequest(method, "/", version, headers, stays=True))
    assert (answer and answer.status) == status
    assert status != 405 or (answer and "Allow: GET, HEAD\r\n" in answer.lines)
