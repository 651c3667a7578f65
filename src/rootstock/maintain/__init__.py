"""Maintain: what is behind the commands that look after a checkout."""
