"""Maps names of the Python index to names of conda packages.

`ci/names.toml` lists the names that differ, as in the channel that most people know, so that a
user's requirement means the same package in both. All other names are the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import tomlkit
from packaging.utils import canonicalize_name
from tomlkit.exceptions import TOMLKitError

from rootstock.core import names
from rootstock.core.errors import UsageError

FILE = "ci/names.toml"  # in a checkout


@dataclass(frozen=True, kw_only=True)
class Names:
    """The conda names of packages whose name differs, and further names of packages.

    `also` maps the conda name of a package to the names of empty packages that depend on it.
    """

    differing: Mapping[str, str]
    also: Mapping[str, Sequence[str]]

    def of(self, name: str) -> str:
        """Return the conda name of a package of the Python index."""
        plain = canonicalize_name(name)
        return self.differing.get(plain, plain)


def load(path: Path) -> Names:
    """Read the table of names; raises `UsageError` when it is invalid."""
    try:
        top = tomlkit.parse(path.read_text()).unwrap()
        differing = {str(canonicalize_name(key)): value for key, value in top["names"].items()}
        also = dict(top.get("also", {}))
        for name in (*differing.values(), *also, *(one for some in also.values() for one in some)):
            names.package_name(name)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    except (TOMLKitError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise UsageError(f"{path} is not a table of names: {error}") from error
    return Names(differing=differing, also=also)
