"""What upstream's tests do not show of root_numpy; run by run_tests.py."""

import os
import subprocess
import sys
import tempfile
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
