"""`why` and `verify` on a small checkout."""

import json
import signal
import subprocess
import time
from pathlib import Path

import pytest

from rootstock.plan.key import folder_hashes

from .conftest import WELL, Bench

pytestmark = pytest.mark.system
CELL = ("--root", "6", "--py", "3.11")


def test_why_names_the_file_and_the_way_to_it(bench: Bench) -> None:
    assert "never built" in bench.run("why", "root", *CELL).stdout
    record = bench.json("build", *CELL)
    assert {node["reason"] for node in record["nodes"]} == {"never built"}
    there = bench.run("why", "root", *CELL).stdout
    assert "root-6.40.00" in there and "nothing changed: the store has it" in there
    bench.recipe("python", python_sh=f"{WELL}# the same\n")
    [root] = bench.json("why", "root", *CELL)["nodes"]
    assert root["state"] == "to build" and root["changes"] == []
    [cause] = root["causes"]
    assert cause["path"] == ["python 3.11.0"]
    assert [change["input"] for change in cause["changes"]] == ["file python.sh"]
    said = bench.run("why", "python", *CELL).stdout
    assert "replaces python-3.11.0" in said and "of the channel" in said
    assert "file python.sh: changed (" in said
    planned = bench.run("plan", *CELL).stdout
    assert "file python.sh: changed" in planned and "dependency python 3.11.0: rebuilt" in planned
    reasons = {node["package"]: node["reason"] for node in bench.json("build", *CELL)["nodes"]}
    assert reasons["python"].startswith("file python.sh: changed")
    assert reasons["root"].startswith("dependency python 3.11.0: rebuilt, because: file python.sh")


def test_why_of_what_no_recipe_makes_ends_with_2(bench: Bench) -> None:
    done = bench.run("why", "rot", *CELL)
    assert done.returncode == 2
    assert "rot is no package of the plan" in done.stderr and "Known: root" in done.stderr


def artifacts(bench: Bench) -> dict[str, bytes]:
    """Every file that the store has of artifacts."""
    root = bench.home / "artifacts"
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*.conda")}


def test_what_is_rebuilt_from_its_record_is_the_same(bench: Bench, tmp_path: Path) -> None:
    bench.json("build", *CELL)
    [python] = bench.channel.glob("*/python-*.conda")
    # The record is all it takes: the checkout has another recipe now.
    bench.recipe("root", make_sh="echo other > $PREFIX/root.txt\n")
    before = artifacts(bench)
    for words in (("root",), (str(python),), ("--all", "-j", "2")):
        verdicts = bench.json("verify", *words)["packages"]
        assert {verdict["outcome"] for verdict in verdicts} == {"same"}
        assert all(verdict["sha256"] == verdict["rebuilt"] for verdict in verdicts)
        assert len(verdicts) == (2 if "--all" in words else 1)
    assert artifacts(bench) == before
    assert list((bench.home / "tmp").iterdir()) == []


def test_what_depends_on_chance_is_shown(bench: Bench) -> None:
    chance = "cp root.txt $PREFIX/\nod -An -N8 -tx1 /dev/urandom > $PREFIX/chance.txt\n"
    bench.recipe("root", make_sh=chance)
    bench.json("build", *CELL)
    before = artifacts(bench)
    done = bench.run("verify", "root", "python")
    assert done.returncode == 1
    assert "1 of 2 packages differ or failed to build: root-6.40.00" in done.stderr
    assert "python-3.11.0-h" in done.stdout and ": same" in done.stdout
    assert "info/paths.json: 1 of 2 paths differ" in done.stdout
    assert "chance.txt: different text" in done.stdout and "root.txt" not in done.stdout
    [kept_aside] = (bench.home / "verified").glob("*/root-*.conda")
    assert str(kept_aside) in done.stdout
    assert artifacts(bench) == before


def test_what_does_not_build_again_is_reported(bench: Bench) -> None:
    once = "cp root.txt $PREFIX/\ntest $(date +%%s) -lt %d\n"
    bench.recipe("root", make_sh=once % (time.time() + 3600))
    bench.json("build", *CELL)
    [record] = (bench.home / "artifacts").glob("*/recipe/make.sh")
    # As if an hour had passed.
    record.write_text(once % 0)
    inputs = record.parents[1] / "inputs.json"
    known = json.loads(inputs.read_text())
    known["files"]["make.sh"] = folder_hashes(record.parent)["make.sh"]
    inputs.write_text(json.dumps(known))
    done = bench.run("verify", "root")
    assert done.returncode == 1
    assert "root-6.40.00" in done.stdout and ": failed" in done.stdout


def test_what_there_is_no_record_of_is_reported(bench: Bench) -> None:
    done = bench.run("verify", "root")
    assert done.returncode == 2 and "no record of how root was built" in done.stderr
    assert bench.run("verify", "--all").returncode == 2
    assert bench.run("verify").returncode == 2
    bench.json("build", *CELL)
    for lost in (bench.home / "artifacts").glob("*/job.json"):
        lost.unlink()
    done = bench.run("verify", "--all")
    assert done.returncode == 4
    assert "root-6.40.00" in done.stdout and "unknown" in done.stdout


def test_an_interrupted_verification_ends_with_130_and_leaves_nothing(bench: Bench) -> None:
    bench.recipe("root", make_sh="sleep 2\ncp root.txt $PREFIX/\n")
    bench.json("build", *CELL)
    running = subprocess.Popen(bench.argv("verify", "root"), env=bench.env, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while not list((bench.home / "verified").glob("*/root-*.log")):
        assert time.monotonic() < deadline, "the build did not begin"
        time.sleep(0.1)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=60)
    assert running.returncode == 130, said
    assert b"interrupted" in said
    assert list((bench.home / "tmp").iterdir()) == []
