"""The programs of docs/examples, run as they are in the environment of the analysis stack."""

import base64
import json
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..physics import EXAMPLES, MAKES, WRITES, Place

pytestmark = pytest.mark.nightly
RENEW = "renew it: python scripts/test.py --nightly -k physics --renew"


@pytest.fixture
def place(analysis: Path, tmp_path: Path) -> Place:
    return Place.make(tmp_path, analysis / "bin/python")


@pytest.fixture
def server(beside: Path, tmp_path: Path) -> Iterator[str]:
    """The address of an emulator of a MongoDB server, with nothing in it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = ["--db", "memory", "--host", "127.0.0.1", "--port", str(port)]
    words += ["--log-file", str(tmp_path / "nx.log"), "--pid-file", str(tmp_path / "nx.pid")]
    with subprocess.Popen([str(beside / "bin/nx-27017"), *words]) as process:
        try:
            _await(port, process)
            yield f"mongodb://127.0.0.1:{port}"
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def _await(port: int, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(300):
        assert process.poll() is None, "the server ended"
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("the server did not listen within 30 s")


def test_generated_events_are_read_as_they_were_generated(place: Place) -> None:
    printed = place.run("events.py").splitlines()
    assert [line.split(":")[:2] for line in printed] == [
        [path, f" {way}"]
        for path, own in (("events.root", "read_tree"), ("events_ntuple.root", "read_ntuple"))
        for way in (own, "read_uproot", "read_dataframe")
    ]


@pytest.fixture
def given(place: Place) -> Place:
    """A place with files of the known events."""
    place.give()
    return place


@pytest.fixture
def makes(given: Place) -> Place:
    """A place where makers of mini-trees count what they do."""
    (given.folder / "makes.py").write_text(MAKES)
    return given


def test_a_mini_tree_is_made_again_for_another_version(makes: Place) -> None:
    makes.run("-c", "\n".join([
        "import makes",
        "assert makes.load() == 1",
        "makes.Basics.__version__ += 1",
        "assert [makes.load(), makes.load()] == [2, 2]",
        "makes.Basics.__version__ -= 1",
        "assert makes.load() == 2",
    ]))  # fmt: skip


def test_a_mini_tree_is_made_again_for_another_file_of_that_name(makes: Place) -> None:
    makes.run("-c", "import makes; assert makes.load() == 1")
    makes.run("-c", WRITES)
    makes.run("-c", "import makes; assert [makes.load(), makes.load()] == [1, 1]")


def test_a_mini_tree_is_made_again_for_a_file_that_grew(makes: Place) -> None:
    more = "import ROOT\nwith ROOT.TFile.Open('given.root', 'update') as f: f.mkdir('more')"
    makes.run("-c", f"import makes\nassert makes.load() == 1\n{more}\nassert makes.load() == 2")


def test_the_mini_trees_of_several_files_follow_each_other(makes: Place) -> None:
    shutil.copy(makes.folder / "given.root", makes.folder / "first.root")
    makes.run("-c", WRITES)
    makes.run("-c", "import makes; assert makes.load('first.root', 'given.root') == 2")


@pytest.mark.parametrize(
    "when",
    [
        "import os; os.replace = lambda *_: os._exit(9)",
        "import os, uproot.writing.writable as w; w.WritableTree.extend = lambda *_: os._exit(9)",
    ],
    ids=["before it has its name", "before it has its data"],
)
def test_what_a_killed_process_wrote_of_a_mini_tree_is_not_used(makes: Place, when: str) -> None:
    makes.run("-c", f"{when}; import makes; makes.load()", fails=True)
    assert list(makes.folder.glob("minitrees/*/part.root")), "nothing was half written"
    makes.run("-c", "import makes; assert [makes.load(), makes.load()] == [1, 1]")


def test_root_pandas_has_the_same_mini_tree(given: Place) -> None:
    given.compare(("minitree.root", "with_root_pandas"))


def test_frames_come_back_from_files_and_a_server(place: Place, server: str) -> None:
    printed = place.run("frames.py", server).splitlines()
    assert [line.rpartition(": (")[0] for line in printed] == [
        "frame.root: to_root, from_root",
        "h5py.h5: to_h5py, from_h5py",
        "pytables.h5: to_pytables, from_pytables",
        "h5py.h5: to_h5py, from_pytables",
        "pytables.h5: to_pytables, from_h5py",
        "frame.bson: to_bson, from_bson",
        f"{server}: to_mongo, from_mongo",
    ]


# Written out, since what makes the example could be wrong together with what compares it.
EXACT = """
import frames, numpy as np, pandas as pd

times = pd.to_datetime(["2016-12-01T00:00:00.123456789", None])
frame = pd.DataFrame({
    "big": np.array([2**64 - 1, 2**63 + 1], "u8"),
    "small": np.array([-128, 127], "i1"),
    "half": np.array([np.inf, np.nan], "f4"),
    "flag": [True, False],
    "utc": times.tz_localize("UTC").tz_convert("Europe/Rome"),
    "day": times.astype("datetime64[s]"),
    "text": pd.Series(["é", None], dtype=object),
    "name": pd.Series([None, ""], dtype="str"),
    "kind": pd.Categorical(["S2", None], ["S2", "S1"], ordered=True),
    "run": pd.Categorical.from_codes([1, 0], pd.Index([2**63, 5], dtype="u8")),
})
for write, read in (
    (frames.to_root, frames.from_root), (frames.to_h5py, frames.from_pytables),
    (frames.to_pytables, frames.from_h5py), (frames.to_bson, frames.from_bson),
):
    write(frame, "file")
    back = read("file")
    assert back.big.tolist() == [2**64 - 1, 2**63 + 1] and back.big.dtype == "uint64"
    assert back.small.tolist() == [-128, 127] and back.small.dtype == "int8"
    assert back.half[0] == np.inf and back.half.isna()[1] and back.half.dtype == "float32"
    assert back.flag.tolist() == [True, False] and back.flag.dtype == "bool"
    assert back.utc[0].isoformat() == "2016-12-01T01:00:00.123456789+01:00" and pd.isna(back.utc[1])
    assert str(back.utc.dtype) == "datetime64[ns, Europe/Rome]"
    assert back.day[0].second == 0 and back.day.dtype == "datetime64[s]" and pd.isna(back.day[1])
    assert back.text.tolist() == ["é", None] and back.text.dtype == object
    assert back.name.isna()[0] and back.name[1] == "" and back.name.dtype == "str"
    assert back.kind.cat.categories.tolist() == ["S2", "S1"] and back.kind.cat.ordered
    assert back.kind[0] == "S2" and pd.isna(back.kind[1])
    assert back.run.tolist() == [5, 2**63] and back.run.cat.categories.dtype == "uint64"
    for part in frame[:1], frame[:0]:
        write(part, "file")
        pd.testing.assert_frame_equal(read("file"), part, check_exact=True)
"""


def test_types_at_their_limits_come_back(place: Place) -> None:
    place.run("-c", EXACT)


@pytest.mark.parametrize(
    "column",
    [
        "pd.Series([1, None], dtype='Int64')",
        "pd.Series(['S1', 1], dtype=object)",
        "pd.Series(['S1', float('nan')], dtype=object)",
        "pd.Series(['a\\0b'])",
        "pd.Series([1j])",
        "pd.Series(pd.cut([1, 2], 2))",
        "pd.Series([1], index=[5])",
    ],
)
def test_what_would_lose_its_type_is_refused(place: Place, column: str) -> None:
    place.run("-c", "\n".join([
        "import pandas as pd, schema",
        "try:",
        f"    schema.encode(pd.DataFrame({{'column': {column}}}))",
        "except TypeError:",
        "    pass",
        "else:",
        "    raise SystemExit('it was not refused')",
    ]))  # fmt: skip


# Whether at most one point in a hundred of two pictures differs: processors round differently, and
# the memory of a process differs by a few pages.
ALIKE = """
import sys
import numpy as np
from matplotlib.image import imread

one, other = map(imread, sys.argv[1:])
print(one.shape == other.shape and np.mean(np.any(one != other, axis=2)) < 0.01)
"""


@pytest.fixture
def renew(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("renew", default=False))


def alike(place: Place, one: Path, other: Path) -> bool:
    return place.run("-c", ALIKE, one, other) == "True\n"


def compare_picture(place: Place, name: str, renew: bool) -> None:
    """Compare a picture that a program made with the one that the page shows."""
    made, shown = place.folder / name, EXAMPLES / name
    assert made.stat().st_size < 150_000
    if not (shown.exists() and alike(place, made, shown)):
        assert renew, f"{RENEW}: {name} is another picture"
        shutil.copy(made, shown)


def test_a_million_reads_take_no_memory(place: Place, renew: bool) -> None:
    printed = place.run("million_reads.py")
    found = re.fullmatch(r"1000000 reads: the memory grew by (-?\d+\.\d) MB\n", printed)
    assert found and float(found[1]) < 10, printed
    compare_picture(place, "million_reads.png", renew)


def test_the_hits_are_those_that_are_shown(place: Place, renew: bool) -> None:
    assert place.run("hits.py") == "hits.png: event 1, 4 peaks\n"
    compare_picture(place, "hits.png", renew)


def test_the_plot_is_the_one_that_is_shown(place: Place, renew: bool) -> None:
    assert place.run("s1s2.py") == "s1s2.png: 20000 events\n"
    compare_picture(place, "s1s2.png", renew)
    # 41.5 keV make 41.5 * 73 quanta, three quarters of them light, of which 0.14 PE are seen; a
    # charge of 11 PE for each of the rest. Three in ten of the events are of that energy.
    place.run("-c", "\n".join([
        "import minitrees, s1s2",
        "frame = minitrees.load(['events.root'], [minitrees.Basics, s1s2.Corrected])",
        "light, charge = 41.5 * 73 * 0.75 * 0.14, 41.5 * 73 * 0.25 * 11",
        "near = abs(frame.s1 / light - 1).lt(0.3) & abs(frame.cs2 / charge - 1).lt(0.5)",
        "assert 0.3 < near.mean() < 0.45, near.mean()",
        "assert abs(frame.s1[near].median() / light - 1) < 0.05",
        "assert abs(frame.cs2[near].median() / charge - 1) < 0.1",
    ]))  # fmt: skip


# Only what the cells say and show is written, not when and by which Python.
NOTEBOOK = """
import sys
import nbformat
from nbclient import NotebookClient

notebook = nbformat.read(sys.argv[1], 4)
metadata = dict(notebook.metadata)
NotebookClient(notebook, timeout=300, record_timing=False).execute()
notebook.metadata = metadata
nbformat.write(notebook, sys.argv[1])
"""


def test_the_notebook_has_what_its_cells_say_and_show(place: Place, renew: bool) -> None:
    place.run("-c", NOTEBOOK, "paper.ipynb")
    made, shown = (folder / "paper.ipynb" for folder in (place.folder, EXAMPLES))
    assert made.stat().st_size < 500_000
    (said, pictures), (says, shows) = outputs(made), outputs(shown)
    assert len(pictures) == 2
    same = said == says
    for number, pair in enumerate(zip(pictures, shows, strict=False)):
        files = [place.folder / f"{number}-{of}.png" for of in ("made", "shown")]
        for file, picture in zip(files, pair, strict=True):
            file.write_bytes(picture)
        same = same and alike(place, *files)
    if not same:
        assert renew, f"{RENEW}: the notebook has other output"
        shutil.copy(made, shown)


def outputs(notebook: Path) -> tuple[list[object], list[bytes]]:
    """Return the outputs of the notebook's cells, and the pictures of them by themselves."""
    cells = json.loads(notebook.read_text())["cells"]
    found = [one for cell in cells for one in cell.get("outputs", ())]
    pictures = [one["data"].pop("image/png") for one in found if "image/png" in one.get("data", ())]
    return found, [base64.b64decode(one) for one in pictures]


def test_jupyter_finds_the_kernels_of_python_and_root(place: Place) -> None:
    listed = (
        "from jupyter_client.kernelspec import KernelSpecManager as M\nprint(*M().get_all_specs())"
    )
    assert {"python3", "root"} <= set(place.run("-c", listed).split())


# Ten events that KM3NeT recorded in the Mediterranean, each with hits and reconstructed tracks.
COMPARE = """
import sys
import numpy as np, ROOT, uproot

SINGLE = ["run_id", "det_id", "frame_index", "trigger_mask", "overlays"]
MANY = ["hits.dom_id", "hits.channel_id", "hits.tdc", "hits.tot", "hits.t", "trks.E", "trks.lik"]

with uproot.open(sys.argv[1]) as file:
    tree = file["E/Evt"]
    names = {name: name.replace("hits.", "hits/hits.").replace("trks.", "trks/trks.")
             for name in SINGLE + MANY}
    seen = {name: tree[where].array().to_list() for name, where in names.items()}
assert len(seen["run_id"]) == 10 and all(len(hits) > 50 for hits in seen["hits.t"])

columns = ROOT.RDataFrame("E", sys.argv[1]).AsNumpy(SINGLE + MANY)
with ROOT.TFile.Open(sys.argv[1]) as file:
    tree = file["E"]
    assert tree.GetEntries() == 10
    for number in range(10):
        tree.GetEntry(number)
        for name in SINGLE + MANY:
            leaf, value = tree.GetLeaf(name), seen[name][number]
            values = value if name in MANY else [value]
            assert np.array_equal(np.ravel(columns[name][number]), values), (name, number)
            assert [leaf.GetValue(i) for i in range(leaf.GetLen())] == values, (name, number)
"""


def test_uproot_and_root_read_the_same_of_an_experiments_file(place: Place, beside: Path) -> None:
    found = "import km3net_testdata as k; print(k.data_path('offline/km3net_offline.root'))"
    path = subprocess.check_output([beside / "bin/python", "-c", found], text=True).strip()
    place.run("-c", COMPARE, path)


# What strax makes of the ROOT file is compared with what RDataFrame makes of it.
COMPARES = """
import plugins, ROOT
large = plugins.context().get_df("made_up", "large", progress_bar=False)
frame = ROOT.RDataFrame("peaks", "peaks.root").Filter("area > 100")
want = frame.AsNumpy(["time", "area"])
assert 0 < len(large) < 100_000
assert large.time.tolist() == want["time"].tolist()
assert large.area.tolist() == want["area"].tolist()
"""


def test_peaks_of_a_root_file_go_through_strax(xenon: Path, tmp_path: Path) -> None:
    place = Place.make(tmp_path, xenon / "bin/python")
    first, again = (place.run("plugins.py").splitlines()[-1] for _ in range(2))
    assert first == again
    assert len([*(tmp_path / "strax_data").iterdir()]) == 2
    place.run("-c", COMPARES)


def test_straxen_wants_of_the_machine_what_the_document_says(xenon: Path, tmp_path: Path) -> None:
    def fails(**env: str) -> str:
        words = (xenon / "bin/python", "-c", "import straxen")
        done = subprocess.run(words, env=env, capture_output=True, text=True, check=False)
        return done.stderr if done.returncode else ""

    nowhere, home = {"PATH": str(tmp_path)}, {"HOME": str(tmp_path)}
    quiet = {"GIT_PYTHON_REFRESH": "quiet"}
    assert "GIT_PYTHON_REFRESH" in fails(**nowhere, **home)
    assert "home_config" in fails(**nowhere, **quiet)
    assert not fails(**nowhere, **quiet, **home)
    assert not fails(**nowhere, **quiet, XENON_CONFIG=os.devnull)
