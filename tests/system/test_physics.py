"""The events, mini-trees and reads of docs/examples, in an environment of the set `frames`.

The examples that need more, and what takes minutes, are nightly tests.
"""

import re
import shutil
from pathlib import Path

import pytest

from ..physics import MAKES, Place

pytestmark = pytest.mark.system


@pytest.fixture
def place(frames: Path, tmp_path: Path) -> Place:
    return Place.make(tmp_path, frames)


@pytest.fixture(scope="module")
def written(frames: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with files of the known events, written by PyROOT."""
    place = Place.make(tmp_path_factory.mktemp("written"), frames)
    place.give()
    return place.folder


@pytest.fixture
def given(written: Path, place: Place) -> Place:
    """A place with copies of those files."""
    for path in written.glob("given*"):
        shutil.copy(path, place.folder)
    return place


READS = """
import awkward as ak
import events
from given import RECORDS

for path, own in ("given.root", events.read_tree), ("given_ntuple.root", events.read_ntuple):
    for read in own, events.read_uproot, events.read_dataframe:
        assert ak.to_list(read(path)) == RECORDS, (path, read, ak.to_list(read(path)))
"""


def test_pyroot_uproot_and_dataframe_read_the_events_that_another_process_wrote(
    given: Place,
) -> None:
    given.run("-c", READS)


def test_uproot_reads_the_events_without_root(given: Place) -> None:
    given.run("-c", "\n".join([
        "import sys, uproot, given",
        "tree = uproot.open('given.root')['events'].arrays()",
        "names = ('number', 'start', 'peaks')",
        "records = [{x: one['event.' + x] for x in names} for one in tree.to_list()]",
        "assert records == given.RECORDS, records",
        "assert uproot.open('given_ntuple.root')['events'].arrays().event.to_list() == records",
        "assert 'ROOT' not in sys.modules",
    ]))  # fmt: skip


def test_a_mini_tree_is_made_once(given: Place) -> None:
    (given.folder / "makes.py").write_text(MAKES)
    given.run("-c", "import makes; assert [makes.load(), makes.load()] == [1, 1]")
    given.run("-c", "import makes; assert makes.load() == 0")


def test_a_mini_tree_is_the_same_frame_in_every_way(given: Place) -> None:
    files = ("minitree.root", "minitree_ntuple.root")
    given.compare(*((path, way) for path in files for way in ("with_uproot", "with_rdataframe")))


def test_many_reads_take_no_memory(place: Place) -> None:
    printed = place.run("million_reads.py", 100_000)
    found = re.fullmatch(r"100000 reads: the memory grew by (-?\d+\.\d) MB\n", printed)
    # 270 bytes at each read, as in ROOT's own PyROOT, would be 27 MB.
    assert found and float(found[1]) < 10, printed
