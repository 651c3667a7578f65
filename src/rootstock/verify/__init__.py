"""Verify: a package is built again from its record, and comes out as the same bytes."""
