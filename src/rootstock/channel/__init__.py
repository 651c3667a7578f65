"""Channels: generations and indexes of packages, with one reader and one writer."""
