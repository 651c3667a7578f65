"""Offline: what of a release is needed elsewhere, in one piece, where there is no network."""
