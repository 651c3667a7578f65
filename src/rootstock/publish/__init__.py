"""Publishing: a release of a channel becomes visible elsewhere, whole or not at all."""
