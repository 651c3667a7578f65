"""The analysis stack: packages that are made of wheels, without a recipe for each.

People write `ci/stack.toml`: which sets of packages there are. `resolve` finds which wheels that
comes to for each Python, `wheel` reads them, `entries` says what package each one makes, and
`lock` writes that to `ci/stack.lock`. Planning reads the lock and nothing else (plan/wheels.py).
"""
