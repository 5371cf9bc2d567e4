"""Writers queue, nothing is lost, and a stuck writer shows as busy (T-C1 at the lowest level)."""

from __future__ import annotations

import multiprocessing
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from zhike.config import Config
from zhike.db import engines
from zhike.db.session import lock_row
from zhike.errors import Busy
from zhike.models.company import Company
from zhike.models.organisation import Unit
from zhike.models.party import Party
from zhike.site import Site

PROCESSES, CLAIMS = 8, 40


def _claim(config: Config) -> list[int]:
    """Read a counter, write it plus one and a row with it: the classic lost update."""
    site = Site.open(replace(config, threads=1), plugins=False)
    taken = []
    for _ in range(CLAIMS):

        def once() -> int:
            with site.transaction(1) as s:
                unit_id = s.scalar(select(Unit.id))
                assert unit_id is not None
                unit = lock_row(s, Unit, unit_id)
                unit.sort += 1
                s.add(Party(name=f"n{unit.sort}"))
                return unit.sort

        taken.append(site.retrying(once))
    site.close()
    return taken


def test_eight_processes_never_take_one_number_twice(site: Site, config: Config) -> None:
    with site.transaction(1) as s:
        s.add(Unit(kind="site", code="hq", name="案场", sort=0))
    site.close()
    context = multiprocessing.get_context("fork")  # importlib mode: a spawned child cannot find us
    with ProcessPoolExecutor(PROCESSES, mp_context=context) as pool:
        results = list(pool.map(_claim, [config] * PROCESSES))
    numbers = sorted(number for result in results for number in result)
    assert numbers == list(range(1, PROCESSES * CLAIMS + 1))
    with site.reader(1) as s:
        assert s.scalar(select(func.count(func.distinct(Party.name)))) == PROCESSES * CLAIMS


def test_a_stuck_writer_is_busy_not_a_hang(
    monkeypatch: pytest.MonkeyPatch, make_sqlite: Callable[[], Site]
) -> None:
    site = make_sqlite()
    monkeypatch.setattr(engines, "WAIT_SECONDS", 0.2)
    other = make_sqlite()
    with site.transaction(1) as s:
        s.add(Party(name="first"))
        s.flush()
        with pytest.raises(Busy), other.transaction(1) as t:
            t.add(Party(name="second"))
    with other.transaction(1) as t:
        t.add(Party(name="third"))
    with site.reader(1) as s:
        assert set(s.scalars(select(Party.name))) == {"first", "third"}


@pytest.fixture
def make_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Site]:
    from zhike.db.base import Base

    config = Config(home=tmp_path_factory.mktemp("gate"), threads=2)
    first = Site.open(config, plugins=False)
    core = [t for t in Base.metadata.sorted_tables if t.info.get("plugin") == "core"]
    Base.metadata.create_all(first.engines.write, tables=core)
    with first.system() as s:
        s.add(Company(slug="one", name="一"))
    first.close()
    return lambda: Site.open(config, plugins=False)


def test_readers_go_on_while_somebody_writes(make_sqlite: Callable[[], Site]) -> None:
    site = make_sqlite()
    with site.transaction(1) as writer:
        writer.add(Party(name="noch nicht"))
        writer.flush()
        with site.reader(1) as reader:
            assert reader.scalar(select(func.count()).select_from(Party)) == 0
    with site.reader(1) as reader:
        assert reader.scalar(select(func.count()).select_from(Party)) == 1


def test_connections_are_set_up_as_measured(make_sqlite: Callable[[], Site]) -> None:
    site = make_sqlite()
    with site.engines.write.connect() as connection:

        def ask(pragma: str) -> object:
            return connection.exec_driver_sql(f"PRAGMA {pragma}").scalar()

        assert ask("journal_mode") == "wal"
        assert ask("synchronous") == 2
        assert ask("foreign_keys") == 1
        assert ask("secure_delete") == 1
    with site.engines.read.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA query_only").scalar() == 1


def test_the_whole_process_has_one_sqlite() -> None:
    import zhike

    if not zhike.bundled_sqlite:
        return  # no wheel for this processor: the standard library's serves, behind the gate
    assert sqlite3.sqlite_version_info >= (3, 51, 3)


def test_all_threads_may_ask_about_the_site_while_they_read(site: Site, config: Config) -> None:
    site.close()
    threads = 3
    mine = Site.open(replace(config, threads=threads), plugins=False)
    together = threading.Barrier(threads, timeout=60)

    def page(_: int) -> int:
        with mine.reader(1) as s:
            s.scalar(select(func.count(Party.id)))
            together.wait()  # everybody holds one and wants another
            with mine.system_reader() as system:
                return system.scalar(select(func.count(Company.id))) or 0

    with ThreadPoolExecutor(threads) as pool:
        assert all(pool.map(page, range(threads)))
    mine.close()
