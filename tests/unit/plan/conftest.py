"""A small world of recipes like the real one: toolchain, libraries, Python, ROOT and NumPy."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from rootstock.plan import matrix as matrices
from rootstock.plan.graph import Graph, plan
from rootstock.plan.key import Builder
from rootstock.plan.rendering import render_all

MATRIX = """
platform: linux-64
pythons: ["3.11", "3.13", "3.14"]
roots:
  - {version: "6.40.00", origin: wheel, pythons: ["3.11", "3.13", "3.14"]}
  - {version: "6.42.00", origin: wheel, pythons: ["3.11", "3.13", "3.14"]}
specs: [root, python, numpy, pip]
variants:
  c_compiler: gcc
  c_compiler_version: "14"
  c_stdlib: sysroot
  c_stdlib_version: "2.17"
"""

ZLIB = """
context: {version: "1.3.1"}
package: {name: zlib, version: "${{ version }}"}
source:
  url: https://zlib.example/zlib-${{ version }}.tgz
  sha256: 60dd315c07f616887caa029408308a018ace66e3d142726a97db164b3b8f69fb
requirements:
  build: ["${{ compiler('c') }}", "${{ stdlib('c') }}"]
  run_exports: ["${{ pin_subpackage('zlib', upper_bound='x') }}"]
tests: [{script: {file: test.sh}}]
about: {license: Zlib, summary: Deflate}
extra: {rootstock: {origin: source, scope: channel, verified: true}}
"""
RECIPES = {
    "toolchain/sysroot": """
package: {name: sysroot_linux-64, version: "${{ c_stdlib_version }}"}
requirements: {run_exports: {strong: ["__glibc >=${{ c_stdlib_version }}"]}}
""",
    "toolchain/gcc": """
package: {name: gcc_linux-64, version: "14.2.0"}
requirements:
  run: [sysroot_linux-64]
  run_exports: {strong: [libgcc >=14]}
""",
    "toolchain/libgcc": """
package: {name: libgcc, version: "14.2.0"}
requirements: {build: ["${{ stdlib('c') }}"]}
""",
    "base/zlib": ZLIB,
    "base/openssl": """
package: {name: openssl, version: "3.5.7"}
source:
  url: https://openssl.example/openssl-3.5.7.tgz
  sha256: 2411c74bda5bbcfcddaf4531f66d1adc73f247f529aee981b029513aefdbf849
  patches: [own.patch]
requirements:
  build: ["${{ compiler('c') }}", "${{ stdlib('c') }}"]
  run_exports: ["${{ pin_subpackage('openssl', upper_bound='x') }}"]
""",
    "base/tzdata": """
package: {name: tzdata, version: "2026f"}
build: {noarch: generic}
""",
    "base/python": """
context: {tag: "cp${{ cpython | replace('.', '') }}"}
package: {name: python, version: "${{ cpython }}.2"}
build: {string: "h${{ hash }}_0_${{ tag }}"}
requirements:
  build: ["${{ compiler('c') }}", "${{ stdlib('c') }}"]
  host: [openssl, zlib]
  run: [tzdata]
  run_exports: {weak: ["python_abi ${{ cpython }}.* *_${{ tag }}"], noarch: [python]}
""",
    "base/python_abi": """
context: {tag: "cp${{ cpython | replace('.', '') }}"}
package: {name: python_abi, version: "${{ cpython }}"}
build: {noarch: generic, string: "0_${{ tag }}"}
about: {summary: The binary interface}
""",
    "base/pip": """
package: {name: pip, version: "26.3"}
build: {noarch: python}
requirements: {run: [python >=3.10]}
""",
    "analysis/numpy": """
package: {name: numpy, version: "2.4.6"}
requirements: {build: ["${{ stdlib('c') }}"], host: [python], run: [python]}
tests: [{script: ["python -c 'import numpy'"]}]
""",
    "root/root6": """
recipe: {name: root6, version: "${{ root_version }}"}
outputs:
  - package: {name: root-core}
    build: {script: {file: build-core.sh}}
    requirements:
      build: ["${{ compiler('c') }}", "${{ stdlib('c') }}"]
      run_exports: ["${{ pin_subpackage('root-core', upper_bound='x.x') }}"]
  - package: {name: pyroot}
    build: {script: {file: build-pyroot.sh}}
    requirements:
      build: ["${{ stdlib('c') }}"]
      host: [python]
      run: [numpy, python, "root-core ==${{ root_version }}"]
    tests: [{script: {file: test-pyroot.py}}]
  - package: {name: root}
    build: {noarch: generic, script: ["cp licence ."]}
    requirements: {run: ["pyroot ==${{ root_version }}", "root-core ==${{ root_version }}"]}
""",
}
FILES = {
    "toolchain/sysroot/variants.yaml": 'c_stdlib_version: ["2.17", "2.28"]\n',
    "analysis/numpy/variants.yaml": 'c_stdlib_version: ["2.28"]\n',
    "root/root6/variants.yaml": 'c_stdlib_version: ["2.28"]\n',
    "base/zlib/test.sh": "true\n",
    "base/zlib/notes.txt": "kept\n",
    "base/openssl/own.patch": "--- a\n+++ b\n",
    "root/root6/test-pyroot.py": "import ROOT\n",
}

BUILDER = Builder(
    image="i",
    parts={
        "py-rattler-build": "0.73.0",
        "zstandard": "0.25.0",
        "level": "9",
        "environment": "PATH=/usr/bin:/bin",
        "inside.py": "aa",
        "normalise.py": "bb",
    },
)


@dataclass
class World:
    """A checkout and all else that a plan is made from, for an edit to change."""

    checkout: Path
    pythons: list[str] = field(default_factory=lambda: ["3.11", "3.13"])
    roots: list[str] = field(default_factory=lambda: ["6.40.00"])
    image: str = BUILDER.image
    parts: dict[str, str] = field(default_factory=lambda: dict(BUILDER.parts))
    published: dict[str, str] = field(default_factory=dict)

    def plan(self) -> Graph:
        matrix = matrices.load(self.checkout / "ci/matrix.yaml")
        cells = matrices.select(matrix, {"root": self.roots, "python": self.pythons})
        outputs = render_all(self.checkout / "recipes", matrix, cells)
        builder = Builder(image=self.image, parts=self.parts)
        return plan(outputs, cells, matrix.specs, builder, self.published)

    def path(self, name: str) -> Path:
        return self.checkout / "recipes" / name

    def put(self, name: str, old: str, new: str) -> None:
        """Replace text in a file of recipes/, which must have it once."""
        path = self.path(name)
        text = path.read_text()
        assert text.count(old) == 1, f"{name} has {old!r} {text.count(old)} times"
        path.write_text(text.replace(old, new))


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path / "checkout")
    for folder, text in RECIPES.items():
        made.path(folder).mkdir(parents=True)
        made.path(f"{folder}/recipe.yaml").write_text(text)
        for script in ("build.sh", "build-core.sh", "build-pyroot.sh"):
            made.path(f"{folder}/{script}").write_text(f"# {folder}\n")
    for name, text in FILES.items():
        made.path(name).write_text(text)
    (made.checkout / "ci").mkdir()
    (made.checkout / "ci/matrix.yaml").write_text(MATRIX)
    return made
