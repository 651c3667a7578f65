"""Libraries of which an environment has several copies, or several that do the same, used together.

docs/reference/audit-rules.md has the table of these clashes.
"""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import permutations
from pathlib import Path

import pytest

from rootstock.audit.duplicates import Duplicate
from rootstock.audit.inspection import AuditLimits, audited
from rootstock.core.progress import silent

pytestmark = pytest.mark.nightly

USES = Path(__file__).with_name("clashes") / "uses.py"


@dataclass(frozen=True, kw_only=True)
class Clash:
    """Uses of clashes/uses.py that meet, and files that have a copy each.

    With `binds`, one of the copies may call another's functions.
    """

    uses: tuple[str, ...]
    copies: tuple[str, ...]
    binds: bool

    @property
    def orders(self) -> Sequence[tuple[str, ...]]:
        """Return all orders of up to three uses, of more only these and the reverse."""
        every = len(self.uses) <= 3
        return [*permutations(self.uses)] if every else [self.uses, self.uses[::-1]]


CLASHES = {
    "zstd": Clash(
        uses=("root_zstd", "pyarrow_zstd", "blosc2_zstd", "tables_zstd", "pillow_zstd"),
        copies=("*/libCore.so", "*/libarrow.so.*", "*/blosc2/*", "*/tables*/*", "*/libzstd-*"),
        binds=True,
    ),
    "LLVM": Clash(
        uses=("root_llvm", "numba_llvm"),
        copies=("*/libCling.so", "*/libllvmlite.so"),
        binds=False,
    ),
    "OpenMP": Clash(
        uses=("root_threads", "numba_openmp"),
        copies=("*/libgomp.so*", "*/libtbb.so*"),
        binds=False,
    ),
    "OpenBLAS": Clash(
        uses=("root_matrix", "numpy_openblas", "scipy_openblas"),
        copies=("*/libscipy_openblas64_*", "*/libscipy_openblas-*"),
        binds=True,
    ),
}
ORDERS = [
    pytest.param(clash, order, id=f"{name}-{'-'.join(order)}")
    for name, clash in CLASHES.items()
    for order in clash.orders
]


@pytest.mark.parametrize(("clash", "order"), ORDERS)
def test_both_work_in_one_process(
    analysis: Path, tmp_path: Path, clash: Clash, order: Sequence[str]
) -> None:
    words = [str(analysis / "bin/python"), "-I", str(USES), *order]
    done = subprocess.run(
        words,
        cwd=tmp_path,
        env={"HOME": str(tmp_path), "TMPDIR": str(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    loaded = [line for line in done.stdout.splitlines() if line.startswith(str(analysis))]
    for copy in clash.copies:
        assert any(fnmatchcase(path, copy) for path in loaded), copy
    assert len({path for path in loaded if "libgomp" in path or "libomp" in path}) <= 1


@pytest.fixture(scope="module")
def found(analysis: Path, tmp_path_factory: pytest.TempPathFactory) -> Sequence[Duplicate]:
    """The pairs of libraries that define equal symbols, by the audit."""
    scratch = tmp_path_factory.mktemp("scratch")
    return audited(str(analysis), scratch, silent, AuditLimits()).duplicates


@pytest.mark.parametrize("name", CLASHES)
def test_the_audit_finds_who_may_bind_to_whom(found: Sequence[Duplicate], name: str) -> None:
    copies = CLASHES[name].copies
    pairs = [
        pair
        for pair in found
        if all(any(fnmatchcase(f"/{one}", copy) for copy in copies) for one in pair.libraries)
    ]
    assert any(pair.bound for pair in pairs) == CLASHES[name].binds
    # ROOT's copies are hidden, or have no other beside them.
    roots = [pair for pair in pairs if any("lib/root/lib" in one for one in pair.libraries)]
    assert roots == []


def test_protobuf_is_in_one_package_only(found: Sequence[Duplicate]) -> None:
    assert [pair for pair in found if "protobuf" in pair.name.lower()] == []
