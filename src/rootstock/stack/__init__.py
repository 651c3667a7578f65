"""The analysis stack: packages made of wheels, without a recipe for each.

People write `ci/stack.toml`, which names the sets of packages. `resolve` finds the wheels of a set
for each Python, `wheel` reads them, `entries` works out the package of each one, and `lock` writes
that to `ci/stack.lock`. Planning reads only the lock (plan/wheels.py).
"""
