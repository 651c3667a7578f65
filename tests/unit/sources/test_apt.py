from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from rootstock.core import process
from rootstock.core.store import Store
from rootstock.sources import apt


def test_the_pool_is_by_the_first_letter_and_of_libraries_by_four(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(apt.MIRROR_VARIABLE, "http://mirror.test/debian/")
    assert apt.pool("expat", "expat_1.orig.tar.gz") == (
        "http://mirror.test/debian/pool/main/e/expat/expat_1.orig.tar.gz"
    )
    assert apt.pool("libffi", "libffi_1.orig.tar.gz") == (
        "http://mirror.test/debian/pool/main/libf/libffi/libffi_1.orig.tar.gz"
    )


def test_what_the_pool_begins_and_does_not_end_is_asked_of_the_index(
    monkeypatch: pytest.MonkeyPatch, store: Store, tmp_path: Path
) -> None:
    file = tmp_path / "zlib_1.orig.tar.gz"

    def run(argv: Sequence[str], **_: Any) -> process.Completed:
        pooled = "download-file" in argv
        if pooled:
            file.write_text("a part")
        elif "source" in argv:
            assert not file.exists()
            file.write_text("all")
        return process.Completed(code=100 * pooled, output="403  Forbidden", seconds=0.1)

    monkeypatch.setenv(apt.MIRROR_VARIABLE, "http://mirror.test/debian/")
    monkeypatch.setattr(process, "run", run)
    apt.download_source(store, "trixie", "zlib", "1-1", file.name, tmp_path)
    assert file.read_text() == "all"
