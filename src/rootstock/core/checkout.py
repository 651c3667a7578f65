"""The files of a checkout: recipes, and what people and programs say of them in ci/."""

from dataclasses import dataclass
from pathlib import Path

MATRIX = "ci/matrix.yaml"
STACK = "ci/stack.toml"
STACK_LOCK = "ci/stack.lock"
NAMES = "ci/names.toml"


@dataclass(frozen=True)
class Checkout:
    """The paths of a checkout whose folder is `root`."""

    root: Path

    def __str__(self) -> str:
        return str(self.root)

    @property
    def recipes(self) -> Path:
        """The folder of the recipes: GROUP/NAME/recipe.yaml."""
        return self.root / "recipes"

    @property
    def matrix(self) -> Path:
        """Which cells there are."""
        return self.root / MATRIX

    @property
    def stack(self) -> Path:
        """Which sets of the analysis stack people ask for."""
        return self.root / STACK

    @property
    def stack_lock(self) -> Path:
        """What these sets are made of."""
        return self.root / STACK_LOCK

    @property
    def names(self) -> Path:
        """What projects of the Python index are called as packages."""
        return self.root / NAMES

    @property
    def acceptance(self) -> Path:
        """The folder of the acceptance tests: NAME/run.C or NAME/run.py."""
        return self.root / "tests/acceptance"

    @property
    def sources(self) -> Path:
        """Further addresses of sources."""
        return self.root / "ci/sources.yaml"

    @property
    def security(self) -> Path:
        """What is known of vulnerabilities in sources."""
        return self.root / "ci/security.yaml"

    @property
    def durations(self) -> Path:
        """What builds cost elsewhere."""
        return self.root / "ci/durations.json"

    @property
    def systems(self) -> Path:
        """The systems that smoke tests can run on."""
        return self.root / "ci/systems.yaml"

    @property
    def images(self) -> Path:
        """The folder with the descriptions of the images."""
        return self.root / "ci/images"

    def image(self, name: str) -> Path:
        """The description of an image."""
        return self.images / f"{name}.yaml"

    def tool(self, name: str) -> Path:
        """The lock of a program that a command installs for itself."""
        return self.root / f"ci/tools/{name}.lock"

    @property
    def docker(self) -> Path:
        """The folder with the Dockerfile of the profile manylinux."""
        return self.root / "docker"

    @property
    def requirements(self) -> Path:
        """The lock of what rootstock itself is made of."""
        return self.root / "requirements.lock"
