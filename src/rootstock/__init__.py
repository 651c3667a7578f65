"""Build, test and publish your own conda channel with ROOT."""

__version__ = "0.3.0.dev0"
