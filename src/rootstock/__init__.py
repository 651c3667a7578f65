"""Build, test and publish a conda channel with ROOT of your own."""

__version__ = "0.2.0"
