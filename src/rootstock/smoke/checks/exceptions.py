"""Exceptions cross the border between Python and C++ in both directions, and stay in C++."""

from collections.abc import Callable

import ROOT

assert ROOT.gInterpreter.Declare(
    r"""
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>
namespace smoke {
struct Withered : std::runtime_error { using std::runtime_error::runtime_error; };
int wither(int n) { if (n > 2) throw Withered("withered at " + std::to_string(n)); return n; }

// Thrown by compiled libstdc++, and by code compiled at run time, caught in the latter.
int caught() {
   int sum = 0;
   try { (void)std::vector<int>{1}.at(5); } catch (const std::out_of_range &) { sum += 1; }
   try { (void)std::stoi("no number"); } catch (const std::invalid_argument &) { sum += 10; }
   try { wither(3); } catch (const std::exception &e) { sum += 100 * (e.what() + 12)[0]; }
   return sum;
}

int call(const std::function<int(int)> &f) { return f(20) + 2; }
}
"""
)
smoke = ROOT.smoke


def arrival(kind: type[Exception], call: Callable[[], object]) -> str:
    """Call something that must fail with an exception of a kind; return its message."""
    try:
        call()
    except kind as error:
        return str(error)
    raise AssertionError(f"no {kind} arrived in Python")


def broken(number: int) -> int:
    """Fail in Python, below C++."""
    raise ValueError(f"broken at {number}")


assert smoke.caught() == 11 + 100 * ord("3"), smoke.caught()

assert smoke.wither(2) == 2
assert "withered at 3" in arrival(smoke.Withered, lambda: smoke.wither(3))
assert "withered at 4" in arrival(Exception, lambda: smoke.wither(4))
assert "5" in arrival(ROOT.std.out_of_range, lambda: ROOT.std.vector["int"]().at(5))

assert smoke.call(lambda number: 2 * number) == 42
assert "broken at 20" in arrival(ValueError, lambda: smoke.call(broken))
assert smoke.wither(1) == 1
