"""Core: what every stage uses, and what knows nothing of conda or ROOT."""
