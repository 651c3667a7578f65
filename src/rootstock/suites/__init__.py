"""Suites: the tests that packages themselves bring, run in the environment of a cell."""
