"""Smoke tests: run checks in a fresh environment, on a chosen system."""
