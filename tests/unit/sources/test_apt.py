import pytest

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
