"""Eight processes at once on one company: no fork in the ledger, no number or key lost."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import func, select

from zhike.config import Config
from zhike.db.base import Base
from zhike.models.keys import CompanyKey
from zhike.models.ledger import LedgerLine, SiteLedgerLine
from zhike.models.numbering import NumberingCounter
from zhike.models.party import Party
from zhike.services import ledger
from zhike.services.companies import create_company
from zhike.services.numbering import NumberRule, ensure
from zhike.site import Site

PROCESSES, TURNS = 8, 40

# One process: each turn takes a number, seals a phone and writes a ledger line in one transaction;
# every tenth turn fails after all of that, every fifteenth only inside a savepoint.
WORKER = """
import sys
from datetime import date
from pathlib import Path
from zhike.config import Config
from zhike.models.party import Party
from zhike.services import ledger, numbering
from zhike.site import Site

home, url, company, turns = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
site = Site.open(Config(home=Path(home), database_url=url), plugins=False)
sys.stdin.readline()
done = 0


class Undo(Exception):
    pass


def work(turn):
    with site.transaction(company) as s:
        number = numbering.take(s, "test.visit", None, date(2026, 11, 21))
        party = Party(name=number)
        party.key_id = site.keys.new_data_key(s)
        party.phone_sealed = site.keys.seal(s, party, "phone", "13812345678", party.key_id)
        s.add(party)
        try:
            with s.begin_nested():
                ledger.append(s, "test.visit.maybe", body={"number": number})
                if turn % 15 == 0:
                    raise Undo
        except Undo:
            pass
        ledger.append(s, "test.visit.received", object=number, body={"turn": turn})
        if turn % 10 == 0:
            raise Undo


for turn in range(turns):
    try:
        site.retrying(lambda: work(turn))
        done += 1
    except Undo:
        pass
    if turn % 20 == 0:
        def log():
            with site.system() as s:
                ledger.append(s, "test.site.noted", body={"turn": turn})
        site.retrying(log)
print(done)
"""


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def config(request: pytest.FixtureRequest, tmp_path: Path) -> Config:
    """A site's configuration on an empty database of either kind."""
    postgresql = request.param == "postgresql"
    url: str = request.getfixturevalue("postgresql_url") if postgresql else ""
    return Config(home=tmp_path / "home", database_url=url)


def test_eight_processes_leave_no_gap_no_fork_no_loss(config: Config) -> None:
    config.ensure_home()
    site = Site.open(config, plugins=False)
    Base.metadata.create_all(site.engines.write)
    with site.system() as s:
        company = create_company(s, slug="race", name="Race").id
    with site.transaction(company) as c:
        ensure(c, NumberRule(name="test.visit", title="Visits"))
    # Nothing else exists yet: key file, company key, chain head and counter are raced for too.
    arguments = [str(config.home), config.url, str(company), str(TURNS)]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(PROCESSES)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    ended = [process.communicate(timeout=240) for process in processes]
    assert [err for _out, err in ended if err] == []
    assert [process.returncode for process in processes] == [0] * PROCESSES

    done = sum(int(out) for out, _err in ended)
    expected = sum(turn % 10 != 0 for turn in range(TURNS))
    maybe = sum(turn % 10 != 0 and turn % 15 != 0 for turn in range(TURNS))
    assert done == expected * PROCESSES
    with site.reader(company) as s:
        numbers = sorted(s.scalars(select(Party.name)))
        assert numbers == [f"RACE20261121-{n:04d}" for n in range(1, done + 1)]
        assert s.scalars(select(NumberingCounter.last)).all() == [done]
        assert s.scalar(select(func.count()).select_from(CompanyKey)) == 1
        rows = s.execute(select(LedgerLine.seq, LedgerLine.action).order_by(LedgerLine.seq)).all()
        received = [seq for seq, action in rows if action == "test.visit.received"]
        assert [seq for seq, _action in rows] == list(range(1, len(rows) + 1))
        assert len(received) == done
        assert len(rows) == done + maybe * PROCESSES
        for party in s.scalars(select(Party).limit(50)):
            assert site.keys.unseal(s, party, "phone", party.phone_sealed) == "13812345678"
    with site.system_reader() as s:
        seqs = s.scalars(select(SiteLedgerLine.seq).order_by(SiteLedgerLine.seq)).all()
    assert seqs == list(range(1, 2 * PROCESSES + 1))
    assert ledger.verify(site, company).ok
    assert ledger.verify(site, 0).ok
    site.close()
