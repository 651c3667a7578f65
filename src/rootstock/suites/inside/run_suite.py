"""Runs a suite within the sandbox: run_suite.py RESULTS WORD ...

pytest gets the words. It writes the collected tests and each result to the file RESULTS as they
happen, a JSON list on each line. So a stopped run loses nothing:

    ["found", TESTS, NOT_CHOSEN]     how many tests will be run, and how many are not chosen
    ["begin", ID]                    a test begins
    ["end", ID, OUTCOME, REASON]     one of its parts has ended; REASON is a line
    ["over", CODE]                   the exit code of pytest

A unittest module may have a function suite(), which returns its tests (see unittest's
documentation); then only these run.

OUTCOME is passed, failed, skipped, error, expected (it failed as its own suite predicts) or
unexpected (its suite predicts a failure, but accepts success).
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
    """Return why a test did not pass, in a line."""
    reported = report.longrepr
    if isinstance(reported, tuple):  # of a skip: file, line, reason
        text = reported[2]
    else:
        crash = getattr(reported, "reprcrash", None)
        text = crash.message if crash is not None else str(reported or "")
    lines = [line.strip() for line in text.splitlines() if line.strip()] or [""]
    # A collection error has a traceback, with the reason at its end.
    return lines[-1 if isinstance(report, pytest.CollectReport) else 0][:LONGEST]


def outcome_of(report: pytest.TestReport) -> str:
    """Return the outcome in the report of a part of a test."""
    if hasattr(report, "wasxfail"):
        return "expected" if report.outcome == "skipped" else "unexpected"
    if report.outcome == "failed" and report.when != "call":
        return "error"
    return report.outcome


def named(module: ModuleType) -> set[str]:
    """Return the ids of the tests that a unittest module's suite() contains."""
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
    """Whether a module's suite() leaves out an item, for instance of a base class."""
    if not (isinstance(item, pytest.Function) and item.cls and hasattr(item.module, "suite")):
        return False
    if not issubclass(item.cls, unittest.TestCase):
        return False
    own = f"{item.cls.__module__}.{item.cls.__qualname__}.{item.originalname}"
    if item.module not in known:
        known[item.module] = named(item.module)
    return own not in known[item.module]


class Results:
    """A pytest plugin that records what happens."""

    def __init__(self, path: str) -> None:
        self.file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        self.pid = os.getpid()
        self.dropped = 0

    def write(self, *values: str | int) -> None:
        """Write a line, at once; but not in children that tests fork."""
        if os.getpid() == self.pid:
            os.write(self.file, json.dumps(values).encode() + b"\n")

    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """Leave out tests that a module's suite() does not contain."""
        known: dict[ModuleType, set[str]] = {}
        others = [item for item in items if is_no_test(item, known)]
        if others:
            config.hook.pytest_deselected(items=others)
            left_out = set(others)
            items[:] = [item for item in items if item not in left_out]

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        """Count the tests that are not selected."""
        self.dropped += len(items)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Report the number of tests."""
        self.write("found", len(session.items), self.dropped)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Report files that cannot be read, or that skip themselves."""
        if report.outcome == "passed":
            return
        self.write("begin", report.nodeid)
        outcome = "error" if report.outcome == "failed" else "skipped"
        self.write("end", report.nodeid, outcome, first_line(report))

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Report that a test begins."""
        self.write("begin", nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Report the result of a part of a test: its setup, the call, its teardown."""
        if report.when == "call" or report.outcome != "passed":
            self.write("end", report.nodeid, outcome_of(report), first_line(report))


if __name__ == "__main__":
    sys.path.pop(0)  # the folder of this file, where tests must not find modules
    own = [
        f"--config-file={Path(__file__).with_name('suite.ini')}",
        f"--rootdir={sysconfig.get_path('purelib')}",
        "-pno:cacheprovider",  # the environment is read-only
        "--color=no",
        "-q",
        "--tb=short",
    ]
    results = Results(sys.argv[1])
    code = pytest.main([*own, *sys.argv[2:]], plugins=[results])
    results.write("over", int(code))
    sys.exit(int(code))
