"""A Chromium of this machine, for tests that need a real browser and for pictures of pages."""

from __future__ import annotations

import shutil

_NAMES = ("chromium", "chromium-browser", "google-chrome")
#: What it is started with: no window, and nothing of its own on the network.
ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find() -> str | None:
    """The path of the program; None where there is none."""
    return next(filter(None, map(shutil.which, _NAMES)), None)
