"""Releases: the files of a promotion that reinstall and verify its set."""
