"""The pure part: standard library and ``zhike.rules`` only."""
