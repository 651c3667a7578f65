"""The program that runs a suite within the sandbox: run_suite.py RESULTS WORD ...

pytest is given the words. What it finds and what comes of each test is written to the file RESULTS
as it happens, a JSON list on each line, so that what is known stays known when all is stopped:

    ["found", TESTS, NOT_CHOSEN]     how many tests will be run, and how many are not chosen
    ["begin", ID]                    a test begins
    ["end", ID, OUTCOME, REASON]     one of its parts has ended; REASON is a line
    ["over", CODE]                   the exit code of pytest

A module of unittest's may have a function suite(), which says what its tests are, as unittest's
documentation has it; then they are just these.

OUTCOME is passed, failed, skipped, error, expected (it failed as its own suite says that it would)
or unexpected (it should have failed by its suite, which does not mind).
"""

import json
import os
import sys
import sysconfig
import unittest
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import pytest

LONGEST = 300  # characters of a reason


def first_line(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Why a test did not pass, in a line."""
    told = report.longrepr
    if isinstance(told, tuple):  # of a skip: file, line, reason
        text = told[2]
    else:
        crash = getattr(told, "reprcrash", None)
        text = crash.message if crash is not None else str(told or "")
    lines = [line.strip() for line in text.splitlines() if line.strip()] or [""]
    # What could not be collected has a traceback, and its reason at the end.
    return lines[-1 if isinstance(report, pytest.CollectReport) else 0][:LONGEST]


def outcome_of(report: pytest.TestReport) -> str:
    """What the report of a part of a test says."""
    if hasattr(report, "wasxfail"):
        return "expected" if report.outcome == "skipped" else "unexpected"
    if report.outcome == "failed" and report.when != "call":
        return "error"
    return report.outcome


def named(module: ModuleType) -> set[str]:
    """The ids of the tests that a module of unittest's says are its own, by its suite()."""
    found: set[str] = set()
    stack = [module.suite()]
    while stack:
        one = stack.pop()
        if isinstance(one, unittest.TestSuite):
            stack.extend(one)
        else:
            found.add(one.id())
    return found


def is_no_test(item: pytest.Item, known: dict[ModuleType, set[str]]) -> bool:
    """Whether an item is of a module whose suite() does not have it: of a base class, say."""
    if not (isinstance(item, pytest.Function) and item.cls and hasattr(item.module, "suite")):
        return False
    if not issubclass(item.cls, unittest.TestCase):
        return False
    own = f"{item.cls.__module__}.{item.cls.__qualname__}.{item.originalname}"
    if item.module not in known:
        known[item.module] = named(item.module)
    return own not in known[item.module]


class Results:
    """A plugin of pytest that writes down what happens."""

    def __init__(self, path: str) -> None:
        self.file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        self.pid = os.getpid()
        self.dropped = 0

    def write(self, *values: str | int) -> None:
        """Write a line, at once; not in children that tests fork."""
        if os.getpid() == self.pid:
            os.write(self.file, json.dumps(values).encode() + b"\n")

    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """Leave out what the modules that say what their tests are do not name."""
        known: dict[ModuleType, set[str]] = {}
        others = [item for item in items if is_no_test(item, known)]
        if others:
            config.hook.pytest_deselected(items=others)
            left_out = set(others)
            items[:] = [item for item in items if item not in left_out]

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        """Count what is not chosen."""
        self.dropped += len(items)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Tell how many tests there are."""
        self.write("found", len(session.items), self.dropped)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Tell of files that cannot be read, or say that they are not for here."""
        if report.outcome == "passed":
            return
        self.write("begin", report.nodeid)
        outcome = "error" if report.outcome == "failed" else "skipped"
        self.write("end", report.nodeid, outcome, first_line(report))

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Tell that a test begins."""
        self.write("begin", nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Tell what came of a part of a test: its setup, the call, its teardown."""
        if report.when == "call" or report.outcome != "passed":
            self.write("end", report.nodeid, outcome_of(report), first_line(report))


if __name__ == "__main__":
    sys.path.pop(0)  # the folder of this file, which tests are not to find modules in
    own = [
        f"--config-file={Path(__file__).with_name('suite.ini')}",
        f"--rootdir={sysconfig.get_path('purelib')}",
        "-pno:cacheprovider",  # the environment cannot be written
        "--color=no",
        "-q",
        "--tb=short",
    ]
    results = Results(sys.argv[1])
    code = pytest.main([*own, *sys.argv[2:]], plugins=[results])
    results.write("over", int(code))
    sys.exit(int(code))
