"""What a build's log says, and what of it is shown."""

from pathlib import Path

import pytest

from rootstock.building import log as logs

ROOM = "/rootstock/build/out/bld/rattler-build_root"
FAILED = f"""\
 Successfully updated the host environment
+ make
cc: {ROOM}/host_env{"_placehold" * 20}_pl/include/x.h: no such file
make: *** [all] Error 1
Script failed with status 2

Script execution failed.

  Work directory: {ROOM}/work
  Prefix: {ROOM}/host_env{"_placehold" * 20}_pl
  Build prefix: {ROOM}/build_env

To run the script manually, use the following command:

  cd "{ROOM}/work" && ./conda_build.sh

To run commands interactively in the build environment:

  cd "{ROOM}/work" && source build_env.sh
PyRattlerBuildError: Script failed to execute
"""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "build.log"


def test_only_what_says_of_the_build_is_shown(log: Path) -> None:
    log.write_text(FAILED)
    assert logs.tail(log) == (
        " Successfully updated the host environment",
        "+ make",
        f"cc: {ROOM}/host_env_placehold.../include/x.h: no such file",
        "make: *** [all] Error 1",
        "Script failed with status 2",
        "",
        "PyRattlerBuildError: Script failed to execute",
    )


def test_no_more_lines_than_a_person_reads(log: Path) -> None:
    log.write_text("".join(f"line {number}\n" for number in range(1000)))
    assert logs.tail(log) == tuple(f"line {number}" for number in range(900, 1000))


@pytest.mark.parametrize(
    ("text", "stage"),
    [
        ("", "environment"),
        ("Specs:\n", "environment"),
        (FAILED, "script"),
        (FAILED + "Copying done!\n", "packaging"),
        (FAILED + "Copying done!\nCollecting tests from x\n", "tests"),
        ("rootstock: script: false\n", "script"),
        ("rootstock: script: true\nrootstock: packaging: 2 files\n", "packaging"),
    ],
)
def test_the_stage_is_the_last_that_was_begun(log: Path, text: str, stage: str) -> None:
    log.write_text(text)
    assert logs.stage(log) == stage


@pytest.mark.parametrize("status", [137, 143])
def test_a_kill_is_seen(log: Path, status: int) -> None:
    log.write_text("more\n" * 5000 + f"Script failed with status {status}\n\nError: no\n")
    assert logs.shows_a_kill(log)
    log.write_text(FAILED)
    assert not logs.shows_a_kill(log)


def test_the_kill_of_a_compiler_is_seen_wherever_it_is_reported(log: Path) -> None:
    log.write_text("g++: fatal error: Killed signal terminated program cc1plus\n" + "more\n" * 5000)
    assert logs.shows_a_kill(log)


@pytest.mark.parametrize(
    "printed",
    [
        "Script failed with status 137",
        "see: Killed signal terminated program cc1plus",
        "a test of unshare: sigprocmask unblock failed",
    ],
)
def test_a_script_does_not_talk_itself_out_of_its_failure(log: Path, printed: str) -> None:
    log.write_text(f"{printed}\nScript failed with status 1\n\nError: no\n")
    assert not logs.shows_a_kill(log)


def test_a_log_that_is_not_there_says_nothing(log: Path) -> None:
    assert (logs.tail(log), logs.stage(log)) == ((), "environment")
    assert not logs.shows_a_kill(log)
