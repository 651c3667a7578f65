"""Environments: solves, installs and locks them, on machines without conda."""
