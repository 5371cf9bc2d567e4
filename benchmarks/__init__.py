"""Figures against a bare baseline, as ratios of the same run: ``make bench``.

A bare Flask + SQLAlchemy Core + Jinja application stands beside Zhike, with the same rows, workers
and clients. Single times mean little on a shared machine; ratios and counts do.
"""
