import pytest

from rootstock.core.errors import UsageError
from rootstock.sources.purl import is_wheel, parse


def test_a_wheel() -> None:
    purl = parse("pkg:pypi/root@0.1a12#root-0.1a12-cp311-cp311-manylinux_2_28_x86_64.whl")
    assert (purl.type, purl.name, purl.version) == ("pypi", "root", "0.1a12")
    assert purl.filename == "root-0.1a12-cp311-cp311-manylinux_2_28_x86_64.whl"


@pytest.mark.parametrize(
    "text",
    [
        "pkg:pypi/root_numpy@4.8.0#root_numpy-4.8.0.tar.gz",
        "pkg:pypi/root-numpy@4.8.0#root_numpy-4.8.0.tar.gz",
        "pkg:pypi/zope.event@5.0#zope_event-5.0.zip",
        "pkg:pypi/jupyter-core@1#Jupyter.Core-1.tar.gz",
        "pkg:pypi/a-b@1.0-beta2#a-b-1.0-beta2.tar.gz",
    ],
)
def test_a_source_distribution(text: str) -> None:
    purl = parse(text)
    assert not is_wheel(purl.filename)
    assert text.endswith(f"#{purl.filename}")


def test_a_source_of_debian() -> None:
    purl = parse("pkg:deb/debian/zlib@1:1.3.1%2Bx-1?arch=source&distro=trixie#zlib_1.3.1.tar.gz")
    assert (purl.name, purl.version) == ("zlib", "1:1.3.1+x-1")
    assert purl.qualifiers == {"arch": "source", "distro": "trixie"}


@pytest.mark.parametrize(
    "text",
    [
        "https://example.org/a.tgz",
        "pkg:npm/left-pad@1#a.tgz",
        "pkg:pypi/root@0.1a12",
        "pkg:pypi/root#a.whl",
        "pkg:deb/debian/zlib@1?arch=source#zlib.tgz",
    ],
)
def test_what_cannot_be_fetched_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text)
    assert text in caught.value.message


@pytest.mark.parametrize(
    "text",
    [
        "pkg:pypi/x@1#x-1.0.tar.gz",
        "pkg:pypi/x@1#y-1.tar.gz",
        "pkg:pypi/x@1#x-y-1.tar.gz",
        "pkg:pypi/x@1#x-1.tar.bz2",
        "pkg:pypi/x@1#x-1.tar.gz.exe",
        "pkg:pypi/x@1#x-1",
        "pkg:pypi/x@1#-1.tar.gz",
        "pkg:pypi/x@1#x.zip",
        "pkg:pypi/x@1#../x-1.tar.gz",
        "pkg:pypi/x@1#root.whl",
        "pkg:pypi/x@1#x-1-none-any.whl",
        "pkg:pypi/x@1#../../x-1-py3-none-any.whl",
        "pkg:pypi/x@1#..%2Fx-1-py3-none-any.whl",
        "pkg:pypi/--index@1#x-1-py3-none-any.whl",
        "pkg:pypi/x@-1#x-1-py3-none-any.whl",
        "pkg:pypi/x@1%0A2#x-1-py3-none-any.whl",
        "pkg:pypi/x y@1#x-1-py3-none-any.whl",
        "pkg:deb/debian/zlib@1?arch=source&distro=../x#zlib.tgz",
        "pkg:deb/debian/zlib@1?arch=-o&distro=trixie#zlib.tgz",
        "pkg:deb/debian/zlib@1?arch=source&distro=trixie#a%2Fzlib.tgz",
        "pkg:deb/debian/zlib@1?arch=source&distro=trixie#..",
    ],
)
def test_words_that_would_be_something_else_are_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text)
    assert text in caught.value.message
    assert caught.value.remedy
