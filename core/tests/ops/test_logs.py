"""The log says routine things once in a while and warnings always."""

from __future__ import annotations

import logging

from zhike.ops.logs import OnceInAWhile


def record(text: str, level: int = logging.INFO) -> logging.LogRecord:
    return logging.LogRecord("zhike.site", level, "", 0, text, None, None)


def test_routine_is_said_once_and_warnings_always() -> None:
    seldom = OnceInAWhile()
    said = [seldom.filter(record(text)) for text in ("a", "a", "b", "a")]
    assert said == [True, False, True, False]
    assert all(seldom.filter(record("a", logging.WARNING)) for _ in range(3))
