"""Run: the pipeline, from a request to the record of what it did."""
