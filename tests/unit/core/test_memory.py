from pathlib import Path

import pytest

from rootstock.core import memory

MEMINFO = "MemTotal:  8000 kB\nMemFree: 100 kB\nMemAvailable:  6000 kB\nHugePages_Total: 0\n"


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """A /proc with three processes: 10, its child 20 (which named itself oddly), and 30."""
    folder = tmp_path / "proc"
    (folder / "self").mkdir(parents=True)
    (folder / "self/cgroup").write_text("0::/\n")
    (folder / "meminfo").write_text(MEMINFO)
    for pid, name, parent, resident, shared in (
        (10, "sh", 1, 30, 20),
        (20, "a) b (c", 10, 500, 100),
        (30, "other", 1, 9000, 0),
    ):
        (folder / str(pid)).mkdir()
        (folder / str(pid) / "stat").write_text(f"{pid} ({name}) S {parent} 1 1")
        (folder / str(pid) / "statm").write_text(f"99999 {resident} {shared} 0 0 0 0")
    return folder


def test_a_process_holds_what_it_and_its_descendants_hold(proc: Path) -> None:
    assert memory.held(10, proc=proc) == (10 + 400) * memory._PAGE


def test_kin_is_found_by_its_command_line(proc: Path) -> None:
    (proc / "30/cmdline").write_bytes(b"init\0--\0sh\0me-7\0")
    (proc / "20/cmdline").write_bytes(b"client\0me-7\0")
    assert memory.held(10, "me-7", proc) == (10 + 400 + 9000) * memory._PAGE
    assert memory.held(10, "me", proc) == (10 + 400) * memory._PAGE


def test_what_has_ended_holds_nothing(proc: Path) -> None:
    assert memory.held(99, proc=proc) == 0


def test_what_is_shared_is_divided(proc: Path) -> None:
    (proc / "20/smaps_rollup").write_text("0-f ---p 0 00:00 0 [rollup]\nRss: 9 kB\nPss: 40 kB\n")
    assert memory.held_fairly(10, proc=proc) == 10 * memory._PAGE + 40 * 1024


def test_the_memory_of_the_machine(proc: Path, tmp_path: Path) -> None:
    assert memory.total(proc, tmp_path) == 8000 * 1024
    assert memory.available(proc, tmp_path) == 6000 * 1024


@pytest.mark.parametrize(
    ("line", "job", "names"),
    [
        ("0::/slurm/job/step", "slurm/job", ("memory.max", "memory.current", "file")),
        (
            "4:cpu,memory:/slurm/job/step",
            "memory/slurm/job",
            ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_cache"),
        ),
    ],
    ids=["v2", "v1"],
)
def test_the_memory_of_a_batch_job(
    proc: Path, tmp_path: Path, line: str, job: str, names: tuple[str, str, str]
) -> None:
    (proc / "self/cgroup").write_text(f"7:pids:/\n{line}\n")
    limit, used, cache = names
    folder = tmp_path / job
    folder.mkdir(parents=True)
    (folder / limit).write_text("4096000\n")
    (folder / used).write_text("1000000\n")
    (folder / "memory.stat").write_text(f"{cache} 400000\nother 1\n")
    assert memory.total(proc, tmp_path) == 4096000
    assert memory.available(proc, tmp_path) == 4096000 - 600000


def test_a_group_without_a_limit_limits_nothing(proc: Path, tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text("max\n")
    assert memory.total(proc, tmp_path) == 8000 * 1024


def test_how_often_memory_ran_out(proc: Path) -> None:
    (proc / "vmstat").write_text("nr_free_pages 7\noom_kill 3\n")
    assert memory.kills(proc) == 3
    (proc / "vmstat").write_text("nr_free_pages 7\n")
    assert memory.kills(proc) == 0
