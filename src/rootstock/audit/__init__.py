"""Audit: what every package promises, proven on its finished file."""
