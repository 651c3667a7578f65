"""root_pandas as it is used: what is written is what is read, or an error names the column."""

import os
import string
import sys
import tempfile
import warnings
from pathlib import Path

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
    empty_word = pd.DataFrame({"c": pd.Categorical(["", "true", None])})
    assert_frame_equal(round_trip(empty_word), empty_word, check_index_type=False)
    for text in ("a*b", "a/b", "a[b", "a:b", "Größe"):
        refused(pd.DataFrame({"c": pd.Categorical([text])}), ValueError)
    refused(pd.DataFrame({"c": pd.Categorical([None])}), ValueError, "'c'")
    refused(pd.DataFrame({"c": pd.Categorical([1, 2])}), TypeError, "'c'")


def test_what_a_tree_cannot_hold_is_an_error():
    refused(pd.DataFrame({"good": [1, 2], "bad": ["a", None]}), TypeError, "'bad'")
    refused(pd.DataFrame({"bad": [[1], [2, 3]]}), TypeError, "'bad'")
    refused(pd.DataFrame({"bad": ["a\0b"]}), ValueError, "'bad'")
    refused(pd.DataFrame({"bad": pd.to_datetime(["2026-01-01"])}), TypeError, "'bad'")
    refused(pd.DataFrame({"bad": np.array([1], "float16")}), TypeError, "'bad'")
    refused(pd.DataFrame({"bad": [1j]}), TypeError, "'bad'")


def test_missing_values_and_times_are_errors():
    for name in ("Int64", "UInt8", "boolean", "Float64", "string"):
        some = ["a", "b"] if name == "string" else [1, 0]
        whole = pd.DataFrame({"c": pd.array(some, dtype=name), "n": [1, 2]})
        assert round_trip(whole)["c"].tolist() == whole["c"].tolist(), name
        part = whole.assign(c=pd.array([some[0], None], dtype=name))
        refused(part, TypeError, "'c'")
        refused(part.set_index("c"), TypeError, "index")
    large = pd.DataFrame({"c": pd.array([2**53 + 1, 2**63 - 1], dtype="Int64")})
    assert round_trip(large)["c"].tolist() == [2**53 + 1, 2**63 - 1]
    for times in (
        pd.to_datetime(["2026-01-01"]).tz_localize("Europe/Rome"),
        pd.to_timedelta(["1s"]),
        pd.period_range("2026", periods=1, freq="D"),
    ):
        refused(pd.DataFrame({"bad": times}), TypeError, "'bad'")
        refused(pd.DataFrame({"n": [1]}, index=times), TypeError, "index")


def test_names_come_back_or_are_errors():
    marks = set(string.printable) - set("/:[") | {""}
    written = pd.DataFrame({f"c{mark}d": [1.5, n] for n, mark in enumerate(sorted(marks))})
    assert_frame_equal(round_trip(written), written, check_index_type=False)
    for name in ("c/d", "c:d", "c[d", "c[2]", "", "é", "a\0b", 0, None, ("a", "b")):
        for column in ([1.5], ["text"], pd.Categorical(["a"])):
            refused(pd.DataFrame({name: column}), ValueError, repr(name))
    for name in ("__index__", "__index__x", "__rpCaT*a*True*b"):
        refused(pd.DataFrame({name: [1]}), ValueError, repr(name))
    refused(pd.DataFrame([[1, 2]], columns=["a", "a"]), ValueError, "a")
    refused(pd.DataFrame([[1, 2]], columns=[1, "1"]), ValueError, "1")
    levels = pd.MultiIndex.from_tuples([("a", "b"), ("a", "c")])
    refused(pd.DataFrame([[1, 2]], columns=levels), ValueError, "('a', 'b')")


def test_an_index_comes_back_or_is_an_error():
    for index in (
        pd.Index([5, 5]),
        pd.Index([0.5, np.nan], name="n"),
        pd.Index(["b", "a"], name="two words"),
        pd.Index([True, False]),
        pd.RangeIndex(0, 4, 2),
    ):
        written = pd.DataFrame({"n": [1, 2]}, index=index)
        assert_frame_equal(round_trip(written), written, check_index_type=False)
    for index, kind in (
        (pd.MultiIndex.from_tuples([(1, 2), (3, 4)]), TypeError),
        (pd.CategoricalIndex(["a", "b"]), TypeError),
        (pd.Index([1, 2], name="c/d"), ValueError),
        (pd.Index([1, 2], name=7), ValueError),
    ):
        refused(pd.DataFrame({"n": [1, 2]}, index=index), kind, "index")


def test_an_error_leaves_the_file_as_it_was():
    good = pd.DataFrame({"n": [1, 2]})
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "f.root")
        good.to_root(path, key="t", store_index=False)
        before = Path(path).read_bytes()
        for bad in ({"c/d": [1]}, {"n": pd.array([None], dtype="Int64")}, {"n": [None, "a"]}):
            for mode in "wa":
                try:
                    pd.DataFrame(bad).to_root(path, key="t", mode=mode)
                except (TypeError, ValueError):
                    continue
                raise AssertionError(f"{bad} was written")
        assert Path(path).read_bytes() == before
        # Rows with other columns, and columns with other rows, fit nowhere.
        for bad in ({"n": [1], "m": [1]}, {"m": [1]}, {"n": [0.5]}):
            try:
                pd.DataFrame(bad).to_root(path, key="t", mode="a", store_index=False)
            except ValueError:
                assert_frame_equal(read_root(path, "t"), good, check_index_type=False)
                continue
            raise AssertionError(f"{bad} was written")
        pd.DataFrame({"m": ["a", "b"]}).to_root(path, key="t", mode="a", store_index=False)
        wide = good.assign(m=["a", "b"])
        assert_frame_equal(read_root(path, "t"), wide, check_index_type=False)
        pd.DataFrame({"n": [3.0], "m": [""]}).to_root(path, key="t", mode="a", store_index=False)
        assert read_root(path, "t")["n"].tolist() == [1, 2, 3]


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
