"""Publishing: a release of a channel becomes visible elsewhere, completely or not at all."""
