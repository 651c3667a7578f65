"""Build numbers: where a build string has one, and which one a package gets.

Nobody types a build number. When a file name is taken by a package with another build key, the
package gets the next number, so that nothing published is ever overwritten.
"""

import re
from collections.abc import Mapping

# Where conda-forge's build strings have their build number: h1a2b3c4_0, 0_cp311, h1a2b3c4_0_cp311.
_NUMBERED = re.compile(r"^0(?=_)|(?<=_)0(?=$|_cp)")


def has_place(build: str) -> bool:
    """Whether a build string (with build number 0) has a place for a build number."""
    return _NUMBERED.search(build) is not None


def numbered(build: str, number: int) -> str:
    """A build string with another build number in the place of 0."""
    return _NUMBERED.sub(str(number), build)


def file_name(name: str, version: str, build: str, number: int) -> str:
    """The file name of a package with a build number."""
    return f"{name}-{version}-{numbered(build, number)}.conda"


def free(name: str, version: str, build: str, key: str, published: Mapping[str, str]) -> int:
    """The build number of the published package with this build key, or the next free one.

    `published` has the build key of each file name. Raises `ValueError` for a build string that
    has no place for a number, when the name is taken.
    """
    # One number more than there are names is free, because each number makes another name.
    for number in range(len(published) + 1 if has_place(build) else 1):
        if published.get(file_name(name, version, build, number), key) == key:
            return number
    raise ValueError(f"the build string {build!r} has no place for a build number")
