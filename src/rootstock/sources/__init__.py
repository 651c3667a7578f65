"""Sources: fetches every file that a recipe starts from into the store, by its sha256."""
