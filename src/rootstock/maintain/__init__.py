"""Maintain: the functions behind the commands for a checkout."""
