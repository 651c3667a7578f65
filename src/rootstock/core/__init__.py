"""Core: what several stages use."""
