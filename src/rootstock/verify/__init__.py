"""Verify: builds a package again from its record and compares the bytes."""
