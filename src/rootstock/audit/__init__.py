"""Audit: checks the rules for all packages on each finished file."""
