"""What upstream's tests do not show of root_numpy; run by run_tests.py."""

import os
import subprocess
import sys
import tempfile
import warnings
from array import array

import numpy as np
import ROOT
import root_numpy as rnp


def test_it_is_imported_without_a_word() -> None:
    code = "import root_numpy; assert root_numpy.config is None"
    command = [sys.executable, "-I", "-W", "error", "-B", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), done


def test_its_version_is_known_to_python() -> None:
    from importlib.metadata import version

    assert version("root_numpy") == rnp.__version__


def test_strings_that_are_all_empty() -> None:
    written = np.array([(b"",), (b"",)], dtype=[("s", "S4")])
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "f.root")
        rnp.array2root(written, path, mode="recreate")
        read = rnp.root2array(path)
    assert read["s"].tolist() == [b"", b""]


def test_an_entry_that_is_not_there_is_an_error() -> None:
    tree = ROOT.TTree("t", "")
    value = array("i", [1])
    long = tree.Branch("long", value, "long/I")
    short = tree.Branch("short", value, "short/I")
    for branch in (long, long, long, short):
        branch.Fill()
    tree.SetEntries(3)
    assert rnp.tree2array(tree, "long").tolist() == [1, 1, 1]
    assert rnp.tree2array(tree, "short", stop=1).tolist() == [1]
    try:
        rnp.tree2array(tree, "short")
    except OSError:
        return
    raise AssertionError("two entries were read that are not there")


def columns(**named) -> np.ndarray:
    """Columns as root_numpy takes them."""
    kinds = [(name, values.dtype, values.shape[1:]) for name, values in named.items()]
    made = np.empty(len(next(iter(named.values()))), kinds)
    for name, values in named.items():
        made[name] = values
    return made


def after_update(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """What is in a file to which the second array is appended, or was meant to be."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "f.root")
        rnp.array2root(first, path, mode="recreate")
        try:
            rnp.array2root(second, path)
        except (TypeError, ValueError) as error:
            # Nothing is written, and the file is closed.
            assert rnp.root2array(path).tobytes() == first.tobytes()
            assert not ROOT.gROOT.GetListOfFiles().GetEntries()
            raise error
        return rnp.root2array(path)


def test_appended_values_get_the_type_of_the_branch() -> None:
    doubles = np.array([1.5, np.nan])
    for there, more in [
        (doubles, np.array([7, -8], "int32")),
        (doubles, np.array([2**53, -(2**53)])),
        (doubles, np.array([2.5, np.nan], ">f8")),
        (doubles, np.array([0.5, np.inf], "float16")),
        (doubles, np.array([True, False])),
        (np.array([-1, 1], "int16"), np.array([7, 2**15 - 1], "uint64")),
        (np.array([1, 2], "uint64"), np.array([2.0, 2.0**63])),
        (np.array([0.5, 1], "float32"), np.array([0.25, 2**24])),
        (np.ones((2, 3)), np.arange(6, dtype="int8").reshape(2, 3)),
        (np.array([b"abcde", b""]), np.array([b"x", b"yz"])),
    ]:
        # A column before and one behind it, so that a wrong place would be seen.
        extra = np.array([1, 2], "int8")
        found = after_update(columns(a=extra, x=there, z=extra), columns(z=extra, x=more, a=extra))
        assert found["a"].tolist() == found["z"].tolist() == [1, 2, 1, 2]
        assert found["x"].dtype == there.dtype
        expected = np.concatenate([there, more])
        if there.dtype.kind == "S":
            assert found["x"].tolist() == expected.tolist()
        else:
            np.testing.assert_array_equal(found["x"], expected.astype(there.dtype))


def test_what_a_branch_cannot_hold_is_refused() -> None:
    for there, more, kind in [
        (np.array([1, 2], "int32"), np.array([7.5, 8]), ValueError),
        (np.array([1, 2], "int32"), np.array([7, 2**40]), ValueError),
        (np.array([1, 2], "uint8"), np.array([-1, 1]), ValueError),
        (np.array([1, 2]), np.array([np.nan, 1]), ValueError),
        (np.array([1, 2]), np.array([2**64 - 1, 1], "uint64"), ValueError),
        (np.array([True, False]), np.array([2, 0]), ValueError),
        (np.array([1.0, 2.0]), np.array([2**53 + 1, 1]), ValueError),
        (np.array([1.0, 2.0]), np.array([2**64 - 1, 1], "uint64"), ValueError),
        (np.array([1.0, 2.0], "float32"), np.array([0.1, 1]), ValueError),
        (np.array([1.0, 2.0]), np.array([1j, 1]), TypeError),
        (np.array([1.0, 2.0]), np.array([b"1", b"2"]), TypeError),
        (np.array([b"1", b"2"]), np.array([1.0, 2.0]), TypeError),
        (np.ones((2, 3)), np.ones((2, 2)), TypeError),
        (np.ones((2, 3)), np.ones(2), TypeError),
    ]:
        one = np.ones(2)
        try:
            after_update(columns(one=one, x=there), columns(one=one, x=more))
        except kind as error:
            assert "'x'" in str(error), error
        else:
            raise AssertionError(f"{more} was written to a branch of {there.dtype}")


def test_a_branch_of_several_leaves_or_of_an_object_is_refused() -> None:
    ROOT.gInterpreter.Declare("struct TwoLeaves { int a; int b; };")
    tree = ROOT.TTree("t", "")
    leaves, words = ROOT.TwoLeaves(), ROOT.std.string("a")
    tree.Branch("leaves", leaves, "a/I:b/I")
    tree.Branch("words", words)
    tree.Fill()
    for name, values in (("leaves", np.array([1], "int32")), ("words", np.array([b"a"]))):
        try:
            rnp.array2tree(columns(**{name: values}), tree=tree)
        except TypeError as error:
            assert name in str(error), error
        else:
            raise AssertionError(f"{name} was written")
        assert tree.GetBranch(name).GetEntries() == 1


def test_names_that_a_branch_cannot_have_are_refused() -> None:
    for name in ("c/d", "c:d", "c[2]", "c[", "/"):
        for kind in ("f8", "S2"):
            try:
                rnp.array2tree(np.zeros(1, [(name, kind)]))
            except ValueError as error:
                assert repr(name) in str(error), error
            else:
                raise AssertionError(f"{name} is a branch")


def test_arrays_of_strings_are_left_out_with_a_warning() -> None:
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        tree = rnp.array2tree(columns(n=np.ones(2), s=np.array([[b"a", b"b"]] * 2)))
    assert [branch.GetName() for branch in tree.GetListOfBranches()] == ["n"]
    assert any("skipping" in str(one.message) for one in said)
