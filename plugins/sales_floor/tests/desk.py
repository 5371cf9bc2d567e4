"""One desk in a process of its own:  python desk.py HOME URL COMPANY UNIT N.

It receives N visitors one after the other, ends each that is being received, and writes one visit
id a line.
"""

from __future__ import annotations

import sys
import uuid
from pathlib import Path

from zhike.api import Site
from zhike.config import Config
from zhike_sales_floor.models import Visit
from zhike_sales_floor.services import arrivals, floor
from zhike_sales_floor.services.arrivals import Arrival, Person


def main(home: str, url: str, company: str, unit: str, count: str) -> None:
    """Do it; any error ends the process with a traceback."""
    config = Config(home=Path(home), database_url=url, plugin_allow=("sales_floor",))
    site = Site.open(config)
    unit_id = uuid.UUID(unit)

    def receive() -> uuid.UUID | None:
        with site.transaction(int(company)) as s:
            return arrivals.arrive(s, unit_id, Arrival(persons=(Person(),))).visit_id

    def end(visit: uuid.UUID | None) -> None:
        with site.transaction(int(company)) as s:
            row = s.find(Visit, visit)
            if visit is not None and row is not None and row.state == "reception":
                floor.end_visit(s, visit, result="looking")

    for _ in range(int(count)):
        visit = site.retrying(receive)
        sys.stdout.write(f"{visit}\n")
        site.retrying(lambda visit=visit: end(visit))
    site.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
