"""The builder that goes into every build key: what affects the bytes of every package."""

from collections.abc import Mapping
from pathlib import Path

import rattler_build
import yaml
import zstandard

from rootstock.building.job import EPOCH
from rootstock.plan.key import Builder, builder_of

INSIDE = Path(__file__).with_name("inside.py")
# All that a build's environment has before the packages in it are activated.
ENVIRONMENT: Mapping[str, str] = {
    "PATH": "/usr/bin:/bin",
    "HOME": "/rootstock/build/home",
    "LC_ALL": "C.UTF-8",
    "TERM": "dumb",
    "PYTHONPATH": "/rootstock/site",
    "PYTHONDONTWRITEBYTECODE": "1",
}
# Those that write a package's bytes. importlib.metadata says the same, 20 ms later.
_VERSIONS: Mapping[str, str] = {
    "py-rattler-build": rattler_build.rattler_build_version(),
    "PyYAML": yaml.__version__,
    "zstandard": zstandard.__version__,
}


def fingerprint(image_digest: str, level: int) -> Builder:
    """The builder with an image, which packs with a level of zstd's."""
    facts = {
        **_VERSIONS,
        "epoch": str(EPOCH),
        "level": str(level),
        "environment": " ".join(f"{name}={value}" for name, value in ENVIRONMENT.items()),
    }
    return builder_of(image_digest, facts, (INSIDE, INSIDE.with_name("normalise.py")))
