"""Logging of the processes: to standard error, one line a message, for whoever collects it."""

from __future__ import annotations

import logging
import os
import time

#: Seconds for which the same routine message is said once.
_ROUTINE = 3600.0


class OnceInAWhile(logging.Filter):
    """Lets a message through once an hour: the sweeper gives its reasons every second."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether this message was not said lately; warnings always pass."""
        if record.levelno >= logging.WARNING:
            return True
        text, now = record.getMessage(), time.monotonic()
        if now - self._said.get(text, -_ROUTINE) < _ROUTINE:
            return False
        self._said[text] = now
        return True


def set_up() -> None:
    """Configure logging; ``ZHIKE_LOG`` is the level (default INFO)."""
    logging.basicConfig(
        level=os.environ.get("ZHIKE_LOG", "INFO").upper(),
        format="%(asctime)s %(levelname)s %(name)s [%(process)d]: %(message)s",
    )
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("zhike.site").addFilter(OnceInAWhile())
