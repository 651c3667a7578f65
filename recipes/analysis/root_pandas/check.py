"""root_pandas as it is used: what is written is what is read, or an error names the column."""

import os
import sys
import tempfile
import warnings

import numpy as np
import pandas as pd
import root_pandas
from pandas.testing import assert_frame_equal
from root_pandas import read_root

INTEGERS = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]


def frame() -> pd.DataFrame:
    """Three rows of everything that a tree can hold, with the ends of each type's range."""
    columns = {
        name: np.array([np.iinfo(name).min, 1, np.iinfo(name).max], name) for name in INTEGERS
    }
    columns |= {name: np.array([-1.5, np.inf, np.nan], name) for name in ("float32", "float64")}
    columns["bool"] = np.array([True, False, True])
    columns["string"] = ["", "a row", "Größe"]
    return pd.DataFrame(columns)


def round_trip(written: pd.DataFrame, **how) -> pd.DataFrame:
    """A frame as it comes back from a file."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "f.root")
        written.to_root(path, key="t")
        return read_root(path, "t", **how)


def refused(written: pd.DataFrame, kind, *words: str) -> None:
    """A frame must be refused, with these words in the error."""
    try:
        round_trip(written)
    except kind as error:
        assert all(word in str(error) for word in words), error
        return
    raise AssertionError(f"{words}: written without a word")


def test_every_type_comes_back():
    assert_frame_equal(round_trip(frame()), frame(), check_index_type=False)


def test_numbers_in_the_other_byte_order_come_back():
    numbers = [name for name in frame().columns if name not in ("bool", "string")]
    swapped = pd.DataFrame(
        {name: frame()[name].astype(np.dtype(name).newbyteorder()) for name in numbers}
    )
    assert {swapped[name].dtype.byteorder for name in numbers} == {"|", ">"}
    assert_frame_equal(round_trip(swapped), frame()[numbers], check_index_type=False)


def test_an_empty_frame_comes_back():
    empty = frame()[:0]
    back = round_trip(empty)
    assert list(back.columns) == list(empty.columns)
    assert len(back) == 0
    assert [str(t) for t in back.dtypes] == [str(t) for t in empty.dtypes]
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "f.root")
        empty.to_root(path, key="t")
        assert list(read_root(path, "t", chunksize=10)) == []


def test_strings_of_every_length_and_an_index_of_them():
    words = ["x" * n for n in (0, 1, 254, 255, 256, 4000)]
    written = pd.DataFrame({"s": words, "n": range(6)}, index=pd.Index(words, name="key"))
    assert_frame_equal(round_trip(written), written)


def test_bytes_that_are_not_utf8_stay_bytes():
    written = pd.DataFrame({"s": [b"\xff", b"a"]})
    assert round_trip(written)["s"].tolist() == [b"\xff", b"a"]


def test_chunks():
    written = pd.DataFrame({"n": np.arange(10), "s": [str(n) for n in range(10)]})
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "f.root")
        written.to_root(path, key="t")
        chunks = read_root(path, "t", chunksize=4)
        assert len(chunks) == 3
        parts = list(chunks)
    assert [len(part) for part in parts] == [4, 4, 2]
    assert_frame_equal(pd.concat(parts), written, check_index_type=False)


def test_rows_are_added_and_chosen():
    one = pd.DataFrame({"n": [1, 2], "s": ["a", "b"]})
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "f.root")
        one.to_root(path, key="t", store_index=False)
        two = pd.DataFrame({"n": [2], "s": ["longer than before"]})
        two.to_root(path, key="t", mode="a", store_index=False)
        assert read_root(path, "t")["s"].tolist() == ["a", "b", "longer than before"]
        chosen = read_root(path, "t", columns=["s"], where="n == 2")
        assert chosen["s"].tolist() == ["b", "longer than before"]


def test_categories():
    kind = pd.CategoricalDtype(["low", "high"], ordered=True)
    written = pd.DataFrame({"c": pd.Categorical(["high", "low"], dtype=kind)}, index=[5, 7])
    assert_frame_equal(round_trip(written), written)
    refused(pd.DataFrame({"c": pd.Categorical(["a*b"])}), ValueError)
    refused(pd.DataFrame({"c": pd.Categorical([1, 2])}), TypeError, "'c'")


def test_what_a_tree_cannot_hold_is_an_error():
    refused(pd.DataFrame({"good": [1, 2], "bad": ["a", None]}), TypeError, "'bad'")
    refused(pd.DataFrame({"bad": [[1], [2, 3]]}), TypeError, "'bad'")
    refused(pd.DataFrame({"bad": ["a\0b"]}), ValueError, "'bad'")
    refused(pd.DataFrame({"bad": pd.to_datetime(["2026-01-01"])}), TypeError, "'bad'")
    refused(pd.DataFrame({"bad": np.array([1], "float16")}), TypeError, "'bad'")
    refused(pd.DataFrame({"bad": [1j]}), TypeError, "'bad'")


def test_arrays_in_a_branch_are_flattened():
    import ROOT

    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "f.root")
        data = (
            ROOT.RDataFrame(3)
            .Define("n", "(int)rdfentry_")
            .Define("v", "std::vector<double>(rdfentry_ + 1, 0.5)")
            .Define("s", "std::string(rdfentry_, 'x')")
        )
        data.Snapshot("t", path)
        assert [len(v) for v in read_root(path, "t", columns=["v"])["v"]] == [1, 2, 3]
        flat = read_root(path, "t", columns=["n", "v"], flatten=["v"])
        assert flat["n"].tolist() == [0, 1, 1, 2, 2, 2]
        assert read_root(path, "t", columns=["s"])["s"].tolist() == ["", "x", "xx"]


if __name__ == "__main__":
    # A warning is how a column was lost.
    warnings.simplefilter("error")
    warnings.simplefilter("ignore", ImportWarning)  # of root_numpy's copy of six
    warnings.filterwarnings("ignore", "Adding tree with no entries")  # ROOT's own
    tests = [(name, test) for name, test in list(globals().items()) if name.startswith("test_")]
    for name, test in tests:
        print(name, flush=True)
        test()
    print(f"{len(tests)} passed, pandas {pd.__version__}, {root_pandas.__name__}")
    sys.stdout.flush()
