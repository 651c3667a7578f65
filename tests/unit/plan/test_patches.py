from pathlib import Path

import pytest

from rootstock.plan import patches

CHANGE = "--- a/file\n+++ b/file\n@@ -1 +1 @@\n-Test: old\n+Test: new\n"
URL = "https://github.com/owner/project/issues/1"


def read(folder: Path, header: str) -> patches.Patch:
    path = folder / "own.patch"
    path.write_text(header + CHANGE)
    return patches.read(path)


@pytest.mark.parametrize(
    ("header", "title", "reference", "test"),
    [
        (
            f"Description: Find it\n More of it: a.\nBug: {URL}\nForwarded: no\nTest: test.sh\n\n",
            "Find it", URL, "test.sh",
        ),
        (f"From: A\nSubject: [PATCH 1/2] Find it\n\nSo.\n---\n f | 2 +-\n\nBug-Debian: {URL}\n",
         "Find it", URL, ""),
        (f"Title: Find it\nOrigin: backport, {URL}\nForwarded: not-needed\n", "Find it", URL, ""),
        ("Subject: Find it\nForwarded: not-needed, it is old\n", "Find it", "not for upstream", ""),
        ("subject: Find it\nforwarded: not-needed\n", "Find it", "not for upstream", ""),
        ("Subject: Find it\nOrigin: vendor\nForwarded: no\n", "Find it", "not forwarded", ""),
        ("There is no header: only prose.\n\n", "", "", ""),
        ("", "", "", ""),
    ],
)  # fmt: skip
def test_a_header_says_what_a_patch_is(
    tmp_path: Path, header: str, title: str, reference: str, test: str
) -> None:
    found = read(tmp_path, header)
    assert (found.title, found.reference, found.test) == (title, reference, test)


def test_a_header_ends_where_the_change_begins(tmp_path: Path) -> None:
    assert read(tmp_path, "Subject: a\n").test == ""


def test_what_a_header_lacks_is_reported(tmp_path: Path) -> None:
    faults = list(patches.check(read(tmp_path, "Prose.\n"), tmp_path, tmp_path))
    assert [fault.message for fault in faults] == [
        "its header lacks Description, Bug or Forwarded, Test"
    ]
    assert not faults[0].serious


def test_the_test_that_a_header_names_is_there(tmp_path: Path) -> None:
    folder, checkout = tmp_path / "recipe", tmp_path / "checkout"
    (checkout / "tests").mkdir(parents=True)
    folder.mkdir()
    header = "Subject: a\nForwarded: no\nTest: tests/test_a.py::test_b\n"
    [fault] = patches.check(read(folder, header), folder, checkout)
    assert "its test, tests/test_a.py, is neither" in fault.message
    (checkout / "tests/test_a.py").touch()
    assert list(patches.check(read(folder, header), folder, checkout)) == []


def test_bytes_that_are_no_text_are_in_no_header(tmp_path: Path) -> None:
    path = tmp_path / "own.patch"
    path.write_bytes(b"Subject: gr\xf6sse\n" + CHANGE.encode())
    assert patches.read(path).title == "gr\ufffdsse"
