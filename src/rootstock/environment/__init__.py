"""Environments: solve, install and lock, for machines without conda."""
