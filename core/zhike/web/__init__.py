"""The web application: the one place where things are put together for a browser."""
