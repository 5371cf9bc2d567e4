"""``python -m benchmarks``: build both sides, measure, print the figures against their bars."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import zhike  # noqa: F401  first: it decides which SQLite this process has
from benchmarks import figures, house


def main() -> int:
    """Run the chosen figures; the exit code says whether one falls short of its *must* bar."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000, help="customers on both sides")
    parser.add_argument("--rounds", type=int, default=5, help="the median of so many is quoted")
    parser.add_argument("--requests", type=int, default=400, help="a round's requests")
    parser.add_argument("--only", default="", help="comma-separated goals, e.g. 1,6")
    parser.add_argument("--json", action="store_true", help="print JSON")
    asked = parser.parse_args()
    only = {goal for goal in asked.only.split(",") if goal}

    def wanted(*goals: str) -> bool:
        return not only or bool(only & set(goals))

    found: list[figures.Figure] = []
    if wanted("7"):
        found += figures.engine()
    if wanted("R"):
        found += figures.month_replayed(asked.rounds)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        print(f"building {asked.rows} customers …", file=sys.stderr)
        made = house.build(place / "home", asked.rows)
        bare_db = place / "bare.db"
        figures.fill_bare(bare_db, asked.rows)
        if wanted("5"):
            found += figures.statements(made)
        if wanted("1", "2", "3", "6", "9", "11"):
            with figures.staged(made, bare_db, asked.rounds, asked.requests) as stage:
                if wanted("1", "2", "3", "11"):
                    found += figures.lists(stage)
                if wanted("6"):
                    found += figures.arrivals(stage)
                if wanted("11"):
                    found += figures.memory(stage)
                if wanted("9"):
                    found += figures.switching(stage)
        if wanted("10"):
            found += figures.starting(made, bare_db, asked.rounds)
        if wanted("14"):
            found += figures.idle_plugins(made, asked.rounds, asked.requests)
    print(figures.dump(found) if asked.json else figures.show(found))
    return int(any(figure.verdict == "SHORT" for figure in found))


if __name__ == "__main__":
    raise SystemExit(main())
