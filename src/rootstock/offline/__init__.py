"""Offline: makes one file or folder of a release for use without network."""
