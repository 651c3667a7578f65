from pathlib import Path

import pytest

from rootstock.audit import imports


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("import a", ["a"]),
        ("import a.b, c as d", ["a.b", "c"]),
        ("from a import b", ["a.b"]),
        ("from a import (\n    b,  # why\n    c,\n)", ["a.b", "a.c"]),
        ("from a import *", ["a"]),
        ("from . import b", ["x.b"]),
        ("from .y import z", ["x.y.z"]),
        ("try:\n    import a\nexcept ImportError:\n    pass", []),
        ("if TYPE_CHECKING:\n    import a", []),
        ("def f():\n    import a", []),
        ('"""\nimport a\n"""\nimport b', ["b"]),
        ("'''\nimport a\n'''", []),
        ("imported = 1\nfromage = 2", []),
    ],
)
def test_what_a_module_imports_for_sure(code: str, names: list[str]) -> None:
    assert [*imports.imported(code.encode(), "x.m")] == names


def test_a_package_is_where_its_own_dots_begin() -> None:
    assert [*imports.imported(b"from . import b", "x.y", is_package=True)] == ["x.y.b"]
    assert [*imports.imported(b"from .. import b", "x.y", is_package=True)] == ["x.b"]
    assert [*imports.imported(b"from ..z import b", "x.y.m")] == ["x.z.b"]


@pytest.mark.parametrize(
    ("code", "sure"),
    [
        ("import a.b", True),
        ("from a.b import c", True),
        ("text = '''\\'''\nimport a\n'''", False),
        ("from .a import b", False),
        ("if 1:\n    import a", False),
        ("print 'Python 2'\nimport a", False),
    ],
)
def test_a_text_is_no_import(code: str, sure: bool) -> None:
    assert imports.surely(code.encode(), "a") == sure


def package(folder: Path, files: dict[str, str]) -> dict[str, list[str]]:
    paths = {f"site-packages/{name}": folder / name for name in files}
    for name, code in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(code)
    return imports.wanted(imports.modules(paths), paths)


def test_only_what_the_top_modules_import_counts(tmp_path: Path) -> None:
    files = {
        "x/__init__.py": "from . import used\nimport x.also",
        "x/used.py": "import numpy",
        "x/also.py": "from .deep import f\nimport y",
        "x/deep/__init__.py": "import scipy.linalg",
        "x/optional.py": "import torch",
        "y.py": "import sys",
    }
    assert package(tmp_path, files) == {
        "numpy": ["x.used"],
        "scipy": ["x.deep"],
        "sys": ["y"],
    }


def test_modules_are_where_python_finds_them() -> None:
    files = (
        "lib/python3.11/site-packages/a/b.cpython-311-x86_64-linux-gnu.so",
        "lib/python3.11/lib-dynload/_c.cpython-311-x86_64-linux-gnu.so",
        "lib/python3.11/json/__init__.py",
        "site-packages/d.py",
        "site-packages/d-1.dist-info/METADATA",
        "lib/libd.so",
        "bin/e.py",
    )
    assert [*imports.modules(files)] == ["a.b", "_c", "json", "d"]
