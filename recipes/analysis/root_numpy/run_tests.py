"""Run root_numpy's own tests, and more_tests.py, against the installed package.

They were written for nose, which runs on no Python after 3.9, and yield some of their cases, which
pytest no longer runs. What they take of nose are names for unittest's assertions.
"""

import functools
import importlib
import inspect
import sys
import traceback
import types
import unittest
from pathlib import Path

HERE = Path(__file__).parent
MODULES = ["array", "evaluate", "hist", "sample", "tree", "utils"]
# Upstream's own tests, each case that is yielded for one: so that none is left out unseen.
WANTED = 223


def nose_tools() -> types.ModuleType:
    """Make the module nose.tools, as far as the tests use it."""
    case = unittest.TestCase()
    case.maxDiff = None
    tools = types.ModuleType("nose.tools")
    tools.assert_equal = case.assertEqual
    tools.assert_almost_equal = case.assertAlmostEqual
    tools.assert_true = case.assertTrue
    tools.assert_raises = case.assertRaises

    def raises(*kinds):
        def decorate(test):
            @functools.wraps(test)
            def wrapped(*args):
                with case.assertRaises(kinds):
                    test(*args)

            return wrapped

        return decorate

    tools.raises = raises
    return tools


def cases(module):
    """Each test of a module with its arguments, those that are yielded one by one."""
    for name, test in list(vars(module).items()):
        if not name.startswith("test_") or not inspect.isfunction(test):
            continue
        if inspect.isgeneratorfunction(test):
            for number, (check, *args) in enumerate(test(), 1):
                yield f"{name} {number}", functools.partial(check, *args)
        else:
            yield name, test


def run(modules) -> tuple[int, int]:
    """Run the tests of modules; how many there were, and how many failed."""
    count = failed = 0
    for module in modules:
        for name, test in cases(module):
            count += 1
            try:
                test()
            except Exception:
                failed += 1
                print(f"FAILED {module.__name__} {name}", file=sys.stderr)
                traceback.print_exc()
    return count, failed


def main() -> None:
    """End with 1 when a test fails, or when there are fewer than there should be."""
    sys.modules["nose"] = types.ModuleType("nose")
    sys.modules["nose.tools"] = nose_tools()
    import root_numpy

    # The tests import what is beside them; the package itself is the installed one.
    assert "site-packages" in root_numpy.__file__
    root_numpy.__path__.append(str(HERE / "root_numpy"))
    count, failed = run(importlib.import_module(f"root_numpy.tests.test_{m}") for m in MODULES)
    sys.path.insert(0, str(HERE))
    more, more_failed = run([importlib.import_module("more_tests")])
    print(f"{count} tests of root_numpy, {failed} failed; {more} of ours, {more_failed} failed")
    sys.stdout.flush()
    sys.exit(failed + more_failed > 0 or count != WANTED)


if __name__ == "__main__":
    main()
