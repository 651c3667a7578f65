"""Acceptance: an experiment's own programs, whose numbers are compared with a release's."""
