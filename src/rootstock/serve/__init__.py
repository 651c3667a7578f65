"""Serving: the web server of `rootstock serve`."""
