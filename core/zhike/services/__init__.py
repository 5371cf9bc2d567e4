"""Shared services of the core, each once; plugins reach them through :mod:`zhike.api`."""
