"""T-B1: a backup while four processes write is one instant of all of them, and lacks nothing."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import sqlalchemy as sa

from zhike.models.party import Party
from zhike.ops import backup, restore
from zhike.services import keys, ledger
from zhike.site import Site

# Writes customers n = 0, 1, 2 … with a ledger line each, and notes each one once it is committed.
WRITER = """
import sys
from pathlib import Path
import zhike
from zhike.config import Config
from zhike.services import ledger, parties
from zhike.site import Site
home, url, writer, log = sys.argv[1:]
site = Site.open(Config(home=Path(home), database_url=url, threads=2), plugins=False)
acknowledged = open(log, "a", buffering=1)
number = 0
while not Path(home, "stop").exists():
    with site.transaction(1 + number % 2) as s:
        phone = f"1390{int(writer)}{number % 1000000:06d}"
        parties.create(s, name=f"w{writer}-{number}", phone=phone)
        ledger.append(s, "core.test.made", body={"writer": writer, "number": number})
    acknowledged.write(f"{number}\\n")
    number += 1
"""


def acknowledged(log: Path) -> int:
    """How many writes this writer knows to be committed."""
    return log.read_text().count("\n") if log.exists() else 0


def numbers(site: Site) -> dict[str, list[int]]:
    """What each writer has in the database, over both companies, in order."""
    found: dict[str, list[int]] = {}
    for company_id in (1, 2):
        with site.reader(company_id) as s:
            for name in s.scalars(sa.select(Party.name).where(Party.name.like("w%-%"))):
                writer, _, number = name.partition("-")
                found.setdefault(writer, []).append(int(number))
    return {writer: sorted(values) for writer, values in found.items()}


def test_a_backup_under_load_is_one_instant_and_complete(site: Site, tmp_path: Path) -> None:
    config = site.config
    logs = [tmp_path / f"{writer}.log" for writer in range(4)]
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(config.home), config.database_url, str(w), str(log)]
        )
        for w, log in enumerate(logs)
    ]
    made, written = [], 0
    try:
        limit = time.monotonic() + 120
        while min(acknowledged(log) for log in logs) < 5:
            assert time.monotonic() < limit, "the writers do not write"
            time.sleep(0.05)
        for _ in range(2):
            before = [acknowledged(log) for log in logs]
            made.append((before, backup.create(config, tmp_path / "safe")))
            after = [acknowledged(log) for log in logs]
            written += sum(after) - sum(before)
    finally:
        (config.home / "stop").touch()
        for writer in writers:
            writer.wait(120)
    site.close()
    assert written > 0, "everybody was held up for the whole of both backups"

    for before, backup_ in made:
        assert restore.verify(config, backup_.path).problems == []
        restore.restore(config, backup_.path, aside=True)
        opened = Site.open(config, plugins=False)
        found = numbers(opened)
        for writer, acked in enumerate(before):
            have = found[f"w{writer}"]
            # One instant: what each writer did up to then, without a gap, and nothing of later.
            assert have == list(range(len(have)))
            assert len(have) >= acked, "an acknowledged write is missing"
        # One instant for all tables: a ledger line for every customer, the chains whole.
        reports = ledger.verify_all(opened)
        assert all(report.ok for report in reports)
        assert sum(r.rows for r in reports if r.chain) == sum(map(len, found.values())) + 6
        assert keys.verify(opened) == []
        opened.close()
        for aside in config.home.glob("before-*"):
            aside.rename(tmp_path / f"{backup_.path.name}-aside")
