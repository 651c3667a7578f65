"""Suites: runs packages' own tests in the environment of a cell."""
