"""Many builds: in which order, what is kept of a failure, and what a build may take."""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from .conftest import ROOT, Bench
from .test_pipeline import processes_with

pytestmark = pytest.mark.system
CELL = ("--root", "6", "--py", "3.11")

# A package beside the python, which the root needs too.
LEAF = """
package: {name: NAME, version: "1.0"}
source: {path: leaf.txt}
build: {number: 0, script: ["sh $RECIPE_DIR/make.sh"]}
about: {license: MIT, license_file: leaf.txt, summary: A text}
extra: {rootstock: {origin: source, verified: true}}
"""


def leaf(bench: Bench, name: str, script: str) -> None:
    """Add a package that the root needs, made by a script."""
    recipe = LEAF.replace("NAME", name)
    bench.recipe(name, recipe_yaml=recipe, leaf_txt=f"{name}\n", make_sh=script)
    names = sorted({*(path.name for path in bench.checkout.glob("recipes/small/*"))} - {"root"})
    bench.recipe("root", recipe_yaml=ROOT.replace("host: [python]", f"host: [{', '.join(names)}]"))


def ended(bench: Bench, *words: str) -> tuple[int, Any]:
    """The exit code and the report of a run that may fail."""
    done = bench.run("build", *CELL, "--json", *words)
    return done.returncode, json.loads(done.stdout)


def states(report: Any) -> dict[str, str]:
    return {node["package"]: node["state"] for node in report["nodes"]}


def cells(report: Any) -> dict[str, str]:
    return {cell["python"]: cell["state"] for cell in report["cells"]}


def times(bench: Bench, name: str) -> int:
    """How often the script of a package was run, by the logs of all runs."""
    return len(list(bench.home.glob(f"runs/*/{name}-*.log")))


COPY = "cp root.txt $PREFIX/\n"
MAKE = "mkdir -p $PREFIX/share; cp leaf.txt $PREFIX/share/$PKG_NAME.txt\n"


def test_a_failed_key_is_not_tried_again_but_reported(bench: Bench) -> None:
    bench.recipe("root", make_sh="echo the graft did not take\nexit 3\n")
    code, first = ended(bench)
    assert code == 1
    assert states(first) == {"python": "built", "root": "failed"}
    [node] = [node for node in first["nodes"] if node["state"] == "failed"]
    kept = json.loads(Path(node["failure"]).read_text())
    assert (kept["key"], kept["stage"]) == (node["key"], "script")
    assert any("the graft did not take" in line for line in kept["tail"])

    again = bench.run("build", *CELL)
    assert again.returncode == 1
    assert "the graft did not take" in again.stderr
    assert kept["at"] in again.stderr
    assert "--retry" in again.stderr
    [log] = re.findall(r"Whole log: (\S+)", again.stderr)
    assert Path(log).parent == Path(node["failure"]).parent
    assert "the graft did not take" in Path(log).read_text()
    assert times(bench, "root") == 1


def test_retry_tries_it_again(bench: Bench) -> None:
    bench.recipe("root", make_sh="exit 3\n")
    assert ended(bench)[0] == 1
    assert ended(bench, "--retry")[0] == 1
    assert times(bench, "root") == 2


def test_another_recipe_is_tried(bench: Bench) -> None:
    bench.recipe("root", make_sh="exit 3\n")
    assert ended(bench)[0] == 1
    bench.recipe("root", make_sh="cp root.txt $PREFIX/\n")
    assert ended(bench)[0] == 0


def test_a_package_whose_tests_fail_is_a_failure_of_its_tests(bench: Bench) -> None:
    recipe = ROOT + 'tests: [{script: ["echo it is bitter; exit 1"]}]\n'
    bench.recipe("root", recipe_yaml=recipe)
    code, report = ended(bench)
    assert code == 1
    [kept] = [json.loads(Path(n["failure"]).read_text()) for n in report["nodes"] if n["failure"]]
    assert kept["stage"] == "tests"


def test_keep_going_builds_what_does_not_depend_on_it(bench: Bench) -> None:
    leaf(bench, "bad", "exit 3\n")
    leaf(bench, "good", "sleep 1\n" + MAKE)
    for turn in ("tried", "known"):
        code, report = ended(bench, "--keep-going")
        assert code == 1, turn
        good = "built" if turn == "tried" else "kept"
        assert states(report) == {"bad": "failed", "good": good, "python": good, "root": "skipped"}
        [reason] = [node["reason"] for node in report["nodes"] if node["package"] == "root"]
        assert re.fullmatch(r"needs bad-1\.0-\S+", reason)
    assert times(bench, "bad") == 1


def test_keep_going_proves_the_cells_that_are_whole_and_promotes_none(bench: Bench) -> None:
    bench.recipe(
        "root", make_sh='case $(ls "$PREFIX/conda-meta") in *cp313*) exit 3; esac\n' + COPY
    )
    done = bench.run("build", "--keep-going", "--json")
    report = json.loads(done.stdout)
    assert done.returncode == report["code"] == 1
    assert cells(report) == {"3.11": "passed", "3.13": "failed"}
    assert [smoke["cell"][12:17] for smoke in report["smoke"]] == ["cp311"]
    assert not bench.channel.exists()
    assert bench.run("build", "--py", "3.11").returncode == 0


def test_keep_going_goes_on_without_a_source_that_cannot_be_had(bench: Bench) -> None:
    gone = (bench.checkout / "gone.tar").as_uri()
    sources = f"""source:
  - path: root.txt
  - if: match(python, "3.13.*")
    then: {{url: {gone}, sha256: "{"0" * 64}"}}"""
    bench.recipe("root", recipe_yaml=ROOT.replace("source: {path: root.txt}", sources))
    stops, goes_on = bench.run("smoke", "--json"), bench.run("smoke", "--keep-going", "--json")
    assert (stops.returncode, goes_on.returncode) == (3, 3)
    assert "passed" not in cells(json.loads(stops.stdout)).values()
    assert cells(json.loads(goes_on.stdout)) == {"3.11": "passed", "3.13": "failed"}


def test_a_build_over_its_time_is_ended_and_tried_again_with_more(bench: Bench) -> None:
    nap = f"5.{os.getpid()}"
    bench.recipe("root", make_sh=f"sleep {nap}\ncp root.txt $PREFIX/\n")
    code, report = ended(bench, "--time-limit", "4s")
    assert code == 1
    assert "more than 4 s" in report["error"] and "--time-limit" in report["remedy"]
    assert processes_with(f"sleep {nap}") == []
    [file] = [Path(node["failure"]) for node in report["nodes"] if node["failure"]]
    kept = json.loads(file.read_text())
    assert (kept["over"], kept["limit"], kept["stage"]) == ("time", 4.0, "script")

    assert ended(bench, "--time-limit", "3s")[0] == 1
    assert times(bench, "root") == 1
    assert ended(bench, "--time-limit", "60s")[0] == 0
    assert not file.exists()


# Fills a variable of the shell, as many bytes as it says, and keeps it for a while.
EAT = """
head -c {bytes} /dev/zero | tr "\\0" x > /tmp/full
(held=$(cat /tmp/full); sleep {nap}; test -n "$held")
cp root.txt $PREFIX/
"""


@pytest.mark.parametrize(
    ("script", "name"),
    [
        (r"touch $PREFIX/$(printf 'caf\351')" + "\n", r"'caf\xe9'"),
    ],
)
def test_what_no_package_can_have_is_named(bench: Bench, script: str, name: str) -> None:
    bench.recipe("root", make_sh=COPY + script)
    code, report = ended(bench, "--time-limit", "20s")
    assert code == 1
    [kept] = [json.loads(Path(n["failure"]).read_text()) for n in report["nodes"] if n["failure"]]
    assert f"left {name} in $PREFIX" in kept["tail"][-1]


def test_a_build_over_its_memory_is_ended_and_tried_again_with_more(bench: Bench) -> None:
    nap = f"4.{os.getpid()}"
    bench.recipe("root", make_sh=EAT.format(bytes=300_000_000, nap=nap))
    code, report = ended(bench, "--memory-limit", "250M")
    assert code == 1
    assert "more than 0.25 GB" in report["error"] and "--memory-limit" in report["remedy"]
    assert processes_with(f"sleep {nap}") == []
    [file] = [Path(node["failure"]) for node in report["nodes"] if node["failure"]]
    kept = json.loads(file.read_text())
    assert (kept["over"], kept["limit"], kept["stage"]) == ("memory", 250e6, "script")

    assert ended(bench, "--memory-limit", "200M")[0] == 1
    assert times(bench, "root") == 1
    assert ended(bench, "--memory-limit", "2G")[0] == 0
    [durations] = (bench.home / "durations").iterdir()
    costs = json.loads(durations.read_text())
    assert 300 <= costs["root"]["megabytes"] < 1000
    assert 4 < costs["root"]["seconds"] < 60
    # What is built between two looks at it has no memory on record.
    assert costs["python"].get("megabytes", 0) < 200


def overlap(bench: Bench, one: str, other: str) -> bool:
    """Whether two packages were built at the same time, by the times their scripts wrote."""
    spans = []
    for name in (one, other):
        [log] = bench.home.glob(f"runs/*/{name}-*.log")
        begin, end = re.findall(r"^at (\S+)$", log.read_text(), re.MULTILINE)
        spans.append((float(begin), float(end)))
    (begin, end), (start, stop) = spans
    return begin < stop and start < end


NAP = "echo at $(date +%s.%N)\nsleep 2\necho at $(date +%s.%N)\n" + MAKE


@pytest.mark.parametrize(
    ("workers", "megabytes", "together"), [(2, 1, True), (1, 1, False), (2, 10**9, False)]
)
def test_builds_run_together_where_workers_and_memory_are(
    bench: Bench, workers: int, megabytes: int, together: bool
) -> None:
    for name in ("left", "right"):
        leaf(bench, name, NAP)
    cost = {"seconds": 100.0, "megabytes": megabytes}
    costs = {"left": cost, "right": cost, "python": {"seconds": 1.0, "megabytes": 1}}
    (bench.checkout / "ci/durations.json").write_text(json.dumps(costs))
    assert ended(bench, "-j", str(workers))[0] == 0
    assert overlap(bench, "left", "right") is together
