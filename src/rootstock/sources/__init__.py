"""Sources: every file a recipe starts from, by its sha256, into the store."""
