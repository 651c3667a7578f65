"""Build numbers: their place in a build string, and the number that a package gets.

Nobody types a build number. When a package with another build key has the file name, the package
gets the next number, so that nothing published is ever overwritten.
"""

import re
from collections.abc import Mapping

# The places of the number in conda-forge's build strings: h1a2b3c4_0, 0_cp311, h1a2b3c4_0_cp311.
_NUMBERED = re.compile(r"^0(?=_)|(?<=_)0(?=$|_cp)")
# The same with any number; a longer one is not a build number of rootstock's.
_NUMBER = re.compile(r"^[0-9]{1,4}(?=_)|(?<=_)[0-9]{1,4}(?=$|_cp)")


def has_place(build: str) -> bool:
    """Whether a build string (with build number 0) has a place for a build number."""
    return _NUMBERED.search(build) is not None


def numbered(build: str, number: int) -> str:
    """Replace the 0 in a build string by a build number."""
    return _NUMBERED.sub(str(number), build)


def file_name(name: str, version: str, build: str, number: int) -> str:
    """The file name of a package with a build number."""
    return f"{name}-{version}-{numbered(build, number)}.conda"


def free(name: str, version: str, build: str, key: str, published: Mapping[str, str]) -> int:
    """Return the build number of the published package with this key, or the next free one.

    `published` has the build key of each file name. Raises `ValueError` when the name is taken and
    the build string has no place for a number.
    """
    # One number more than there are names suffices, because each number makes another name.
    for number in range(len(published) + 1 if has_place(build) else 1):
        if published.get(file_name(name, version, build, number), key) == key:
            return number
    raise ValueError(f"the build string {build!r} has no place for a build number")


def before(build: str) -> list[str]:
    """Return the build strings with the smaller build numbers, which other packages have taken.

    >>> before("h1a2b_2")
    ['h1a2b_0', 'h1a2b_1']
    """
    found = _NUMBER.search(build)
    return [_NUMBER.sub(str(number), build, 1) for number in range(int(found[0]) if found else 0)]
