"""Smoke tests: what is run in a fresh environment, on which system, and what came of it."""
