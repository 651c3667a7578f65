"""Building: decides what is built when, and builds each package in a sandbox."""
