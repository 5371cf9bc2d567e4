"""What a column gives back is what was put in."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy.dialects import sqlite

from zhike.db.types import UTCDateTime


def test_an_instant_of_an_early_year_comes_back_and_sorts_first():
    kind, dialect = UTCDateTime(), sqlite.dialect()
    early, late = datetime(1, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)
    stored = [kind.process_bind_param(one, dialect) for one in (early, late)]
    assert stored == ["0001-01-01T00:00:00.000000Z", "2026-01-02T03:04:05.000006Z"]
    assert [kind.process_result_value(one, dialect) for one in stored] == [early, late]
