"""Which specs a build's log asked for."""

from rootstock.building.unsolved import specs_asked

LOG = """\
  Channels:
   - file:///rootstock/deps/
  Specs:
   - gcc_linux-64 14.*
✔ Successfully updated the build environment
  Channels:
   - file:///rootstock/deps/
  Specs:
   - bzip2
   - mine ==1.0 h4616a5c_0
   - python >=3.9
Adding 0 packages to subdir noarch.
   - not a spec
"""


def test_the_last_environment_counts() -> None:
    assert specs_asked(LOG, "mine") == ("bzip2", "python >=3.9")


def test_a_log_without_specs_asks_for_nothing() -> None:
    assert specs_asked("+ make\nmake: error\n", "mine") == ()
    assert specs_asked("", "mine") == ()
