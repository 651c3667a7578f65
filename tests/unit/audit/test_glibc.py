"""The table of glibc's symbols, which has to be that of the recipe's Zig."""

from pathlib import Path

import pytest
import yaml

from rootstock.audit import glibc

CHECKOUT = Path(__file__).parents[3]


def test_the_table_is_of_the_zig_that_the_recipe_names() -> None:
    recipe = yaml.safe_load(
        (CHECKOUT / "recipes/toolchain/sysroot_linux-64/recipe.yaml").read_text()
    )
    assert glibc.symbols().zig == recipe["context"]["zig"]


@pytest.mark.parametrize(
    ("key", "libraries", "first"),
    [
        (b"memcpy@GLIBC_2.14", {"libc.so.6"}, (2, 14)),
        (b"memcpy@GLIBC_2.14", {"libm.so.6"}, ()),
        (b"memcpy@GLIBC_2.15", {"libc.so.6"}, ()),
        (b"memcpy", (), (2, 2, 5)),
        (b"_dl_find_object", (), (2, 35)),
        (b"PyLong_FromLong", (), ()),
        # libpthread became a part of libc in 2.34 (its NEWS), with the old versions.
        (b"pthread_create@GLIBC_2.2.5", {"libpthread.so.0"}, (2, 2, 5)),
        (b"pthread_create@GLIBC_2.2.5", {"libc.so.6"}, (2, 34)),
        (b"pthread_create@GLIBC_2.2.5", {"libc.so.6", "libpthread.so.0"}, (2, 2, 5)),
        (b"pthread_create@GLIBC_2.34", {"libc.so.6"}, (2, 34)),
        (b"__isnanf128@GLIBC_2.26", {"libm.so.6"}, (2, 26)),
        (b"__isnanf128@GLIBC_2.26", {"libc.so.6"}, (2, 34)),
        (b"pthread_create@GLIBC_2.34", {"libpthread.so.0"}, ()),
    ],
)
def test_a_symbol_has_a_first_glibc_in_each_library(
    key: bytes, libraries: set[str], first: tuple[int, ...]
) -> None:
    assert glibc.symbols().first(key, libraries) == first
