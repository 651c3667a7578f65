"""uproot's frames of branches with lists, strings and records, and what pandas does with them."""

import os
import tempfile

import awkward as ak
import numpy as np
import pandas as pd
import uproot

LISTS = [[1, 2], [], [3]]


def frame(entry_stop=None) -> pd.DataFrame:
    """What uproot reads of a tree with a number and a list for each entry."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "f.root")
        with uproot.recreate(path) as file:
            tree = file.mktree("t", {"n": "int32", "x": "var * int64"})
            tree.extend({"n": np.arange(3, dtype="int32"), "x": ak.Array(LISTS)})
        with uproot.open(path) as file:
            return file["t"].arrays(["n", "x"], library="pd", entry_stop=entry_stop)


def lists(column: pd.Series) -> list:
    """A column in Python's own types."""
    return ak.to_list(column.array._data)


def test_what_is_written_is_read():
    assert lists(frame()["x"]) == LISTS
    assert frame()["x"].dtype == "awkward"
    assert lists(frame(entry_stop=0)["x"]) == []


def test_rows_are_chosen_and_sorted():
    read = frame()
    assert lists(read[read["n"] > 0]["x"]) == LISTS[1:]
    assert lists(read.sort_values("n", ascending=False)["x"]) == LISTS[::-1]
    assert lists(read.iloc[[-1, 0]]["x"]) == [[3], [1, 2]]
    assert lists(read["x"].take([-1])) == [[3]]
    assert lists(pd.concat([read, read])["x"]) == LISTS * 2
    assert read["x"].ak.num().tolist() == [2, 0, 1]


def test_rows_that_are_missing_have_nothing():
    read = frame()
    assert lists(read.reindex([0, 7])["x"]) == [[1, 2], None]
    assert read.reindex([0, 7])["x"].isna().tolist() == [False, True]
    merged = pd.DataFrame({"n": [7, 2]}).merge(read, on="n", how="left")
    assert lists(merged["x"]) == [None, [3]]
    assert lists(merged.dropna()["x"]) == [[3]]
    assert lists(pd.concat([read, pd.DataFrame({"n": [9]})])["x"]) == [*LISTS, None]
    assert lists(frame(entry_stop=0).reindex([1, 2])["x"]) == [None, None]


if __name__ == "__main__":
    tests = [(name, test) for name, test in list(globals().items()) if name.startswith("test_")]
    for name, test in tests:
        print(name, flush=True)
        test()
    print(f"{len(tests)} passed, pandas {pd.__version__}, awkward {ak.__version__}")
