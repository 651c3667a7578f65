"""`why` and `verify` on a small checkout."""

import pytest

from .conftest import Bench

pytestmark = pytest.mark.system
CELL = ("--root", "6", "--py", "3.11")


def test_why_names_the_file_and_the_way_to_it(bench: Bench) -> None:
    assert "never built" in bench.run("why", "root", *CELL).stdout
    record = bench.json("build", *CELL)
    assert {node["reason"] for node in record["nodes"]} == {"never built"}
    there = bench.run("why", "root", *CELL).stdout
    assert "root-6.40.00" in there and "nothing changed: it is there" in there
    bench.recipe("python", python_sh="#!/bin/sh\nexit 0 # the same\n")
    [root] = bench.json("why", "root", *CELL)["nodes"]
    assert root["state"] == "to build" and root["changes"] == []
    [cause] = root["causes"]
    assert cause["path"] == ["python 3.11.0"]
    assert [change["input"] for change in cause["changes"]] == ["file python.sh"]
    told = bench.run("why", "python", *CELL).stdout
    assert "in the place of python-3.11.0" in told and "of the channel" in told
    assert "file python.sh: changed (" in told
    planned = bench.run("plan", *CELL).stdout
    assert "file python.sh: changed" in planned and "dependency python 3.11.0: rebuilt" in planned
    reasons = {node["package"]: node["reason"] for node in bench.json("build", *CELL)["nodes"]}
    assert reasons["python"].startswith("file python.sh: changed")
    assert reasons["root"].startswith("dependency python 3.11.0: rebuilt, because: file python.sh")


def test_why_of_what_no_recipe_makes_ends_with_2(bench: Bench) -> None:
    done = bench.run("why", "rot", *CELL)
    assert done.returncode == 2
    assert "rot is no package of the plan" in done.stderr and "Known: root" in done.stderr
