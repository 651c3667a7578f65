"""Uses libraries that several packages have copies of, in one process: uses.py USE USE...

Each use imports its package when it comes, and raises if a result is wrong. All come twice, so that
the first is also used when the last was loaded. It prints what of `/proc/self/maps` holds a copy.
"""

import sys
import tempfile
from pathlib import Path

FOLDER = Path(tempfile.mkdtemp())
DATA = bytes(range(256)) * 4096
TRUTH = [[4.0, 1.0, 0.5], [1.0, 3.0, 0.25], [0.5, 0.25, 2.0]]
DETERMINANT = 21.25  # 4 (6 - 1/16) - (2 - 1/8) + (1/4 - 3/2) / 2


def root_zstd() -> None:
    """A file of ROOT, compressed with zstd."""
    import ROOT

    path = str(FOLDER / "a.root")
    with ROOT.TFile(path, "RECREATE", "", 505) as file:
        file.WriteObject(ROOT.std.vector["int"](range(100_000)), "numbers")
        text = ROOT.TObjString(DATA.hex())
        file.WriteObject(text, "text")
    with ROOT.TFile(path) as file:
        assert file.GetCompressionAlgorithm() == ROOT.RCompressionSetting.EAlgorithm.kZSTD
        assert sum(file.Get("numbers")) == 4_999_950_000
        assert bytes.fromhex(str(file.Get("text").GetString())) == DATA


def pyarrow_zstd() -> None:
    import pyarrow

    packed = pyarrow.compress(DATA, codec="zstd")
    assert pyarrow.decompress(packed, len(DATA), codec="zstd").to_pybytes() == DATA


def blosc2_zstd() -> None:
    import blosc2

    for codec in (blosc2.Codec.ZSTD, blosc2.Codec.LZ4):
        assert blosc2.decompress2(blosc2.compress2(DATA, codec=codec)) == DATA


def tables_zstd() -> None:
    import numpy
    import tables

    numbers = numpy.arange(100_000)
    for library in ("blosc2:zstd", "blosc:zstd", "blosc2:lz4", "bzip2", "zlib"):
        with tables.open_file(FOLDER / "a.h5", "w") as file:
            filters = tables.Filters(complevel=5, complib=library)
            file.create_carray("/", "numbers", obj=numbers, filters=filters)
        with tables.open_file(FOLDER / "a.h5") as file:
            assert (file.root.numbers[:] == numbers).all()


def pillow_zstd() -> None:
    from PIL import Image

    image = Image.frombytes("L", (1024, 1024), DATA)
    image.save(FOLDER / "a.tiff", compression="zstd")
    assert Image.open(FOLDER / "a.tiff").tobytes() == DATA


def root_llvm() -> None:
    """Have cling compile a function, with what it throws and catches."""
    import ROOT

    ROOT.gInterpreter.Declare("""
        #ifndef ROOTSTOCK_CLASHES
        #define ROOTSTOCK_CLASHES
        #include <stdexcept>
        #include <vector>
        double squares(int n) {
            std::vector<double> v; for (int i = 0; i < n; i++) v.push_back(double(i) * i);
            double s = 0; for (double x : v) s += x;
            try { throw std::runtime_error("x"); } catch (const std::exception &) { s += 1; }
            return s;
        }
        #endif""")
    assert ROOT.squares(1000) == 332_833_501


def numba_llvm() -> None:
    import numba
    import numpy

    def squares(n: int) -> float:
        return float(numpy.sum(numpy.arange(n, dtype=numpy.float64) ** 2))

    assert numba.njit(squares)(1000) == 332_833_500


def root_threads() -> None:
    """Use the threads of oneTBB, beside those of OpenMP."""
    import ROOT

    ROOT.EnableImplicitMT(2)
    assert (
        ROOT.RDataFrame(100_000).Define("x", "double(rdfentry_)").Sum("x").GetValue() == 4999950000
    )


def numba_openmp() -> None:
    import numba
    import numpy

    numba.config.THREADING_LAYER = "omp"

    def total(values: "numpy.ndarray") -> float:
        result = 0.0
        for i in numba.prange(len(values)):
            result += values[i]
        return result

    numbers = numpy.arange(100_000, dtype=numpy.float64)
    assert numba.njit(parallel=True)(total)(numbers) == 4_999_950_000
    assert numba.threading_layer() == "omp"


def root_matrix() -> None:
    import ROOT

    matrix = ROOT.TMatrixD(3, 3)
    for i, row in enumerate(TRUTH):
        for j, value in enumerate(row):
            matrix[i][j] = value
    assert abs(matrix.Determinant() - DETERMINANT) < 1e-12
    inverse = ROOT.TMatrixD(ROOT.TMatrixD.kInverted, matrix)
    product = ROOT.TMatrixD(matrix, ROOT.TMatrixD.kMult, inverse)
    assert all(abs(product[i][j] - (i == j)) < 1e-12 for i in range(3) for j in range(3))


def numpy_openblas() -> None:
    import numpy

    matrix = numpy.array(TRUTH)
    assert abs(numpy.linalg.det(matrix) - DETERMINANT) < 1e-12
    large = numpy.random.default_rng(1).normal(size=(300, 300))
    assert numpy.abs(large @ numpy.linalg.inv(large) - numpy.eye(300)).max() < 1e-8
    values, vectors = numpy.linalg.eigh(large + large.T)
    assert numpy.abs(vectors * values @ vectors.T - large - large.T).max() < 1e-10


def scipy_openblas() -> None:
    import numpy
    import scipy.linalg

    assert abs(scipy.linalg.det(numpy.array(TRUTH)) - DETERMINANT) < 1e-12
    large = numpy.random.default_rng(2).normal(size=(300, 300))
    triangle, unitary = scipy.linalg.schur(large)
    for parts in (
        scipy.linalg.qr(large),
        scipy.linalg.lu(large),
        (unitary, triangle, unitary.T),
    ):
        assert numpy.abs(numpy.linalg.multi_dot(parts) - large).max() < 1e-10
    complex_ = large[:50, :50] + 1j * large[50:100, 50:100]
    left, values, right = scipy.linalg.svd(complex_, lapack_driver="gesvd")
    assert numpy.abs(left * values @ right - complex_).max() < 1e-10


def main() -> None:
    """Make each use twice."""
    uses = sys.argv[1:]
    for name in (*uses, *uses):
        globals()[name]()
    maps = {line.split()[-1] for line in Path("/proc/self/maps").read_text().splitlines()}
    print("\n".join(sorted(path for path in maps if ".so" in path)))


main()
