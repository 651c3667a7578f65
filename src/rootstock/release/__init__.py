"""Releases: what a promotion leaves to install its set again from, and to check it by."""
