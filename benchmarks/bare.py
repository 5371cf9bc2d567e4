"""The floor: the least that answers a list page and takes an entry, on the same SQLite set-up."""

from __future__ import annotations

import os
from typing import Any

import zhike  # noqa: F401  the same SQLite library for both sides

from flask import Flask, redirect, render_template, request  # isort: skip
from jinja2 import DictLoader
from sqlalchemy import (
    Column,
    Engine,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    create_engine,
    event,
    insert,
    select,
)

PAGE = """<!doctype html><html lang="zh">
<head><meta charset="utf-8"><title>list</title></head><body>
<table>{% for r in rows %}<tr><td>{{ r.name }}</td><td>{{ r.phone }}</td><td>{{ r.grade }}</td>
<td>{{ r.stage }}</td><td>{{ r.day }}</td><td>{{ r.owner }}</td></tr>{% endfor %}</table>
<a href="?after={{ after }}">next</a></body></html>"""

metadata = MetaData()
customer = Table(
    "customer",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text),
    Column("phone", Text),
    Column("grade", Text),
    Column("stage", Text),
    Column("day", Text),
    Column("owner", Integer),
    Index("by_owner", "owner", "id"),
)
visit = Table(
    "visit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text),
    Column("at", Text),
    Column("owner", Integer),
    Index("visit_by_owner", "owner", "id"),
)


def engine(path: str) -> Engine:
    """WAL, synchronous FULL, as Zhike has it; plain transactions."""
    made = create_engine(f"sqlite:///{path}", pool_size=8, connect_args={"timeout": 15})

    @event.listens_for(made, "connect")
    def on_connect(dbapi: Any, record: Any) -> None:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=15000"):
            dbapi.execute(f"PRAGMA {pragma}")

    return made


def create_app() -> Flask:
    """The baseline application; ``BENCH_DB`` is its database file."""
    app = Flask(__name__)
    app.jinja_loader = DictLoader({"list.html": PAGE})
    db = engine(os.environ["BENCH_DB"])

    @app.get("/healthz")
    def healthz() -> str:
        return "ok"

    @app.get("/customers")
    def customers() -> str:
        statement = select(customer).order_by(customer.c.id.desc()).limit(25)
        if owner := request.args.get("owner"):
            statement = statement.where(customer.c.owner == int(owner))
        if after := request.args.get("after"):
            statement = statement.where(customer.c.id < int(after))
        with db.connect() as connection:
            rows = connection.execute(statement).all()
        return render_template("list.html", rows=rows, after=rows[-1].id if rows else 0)

    @app.post("/visits")
    def visits() -> Any:
        with db.begin() as connection:
            connection.execute(
                insert(visit).values(name=request.form["name"], at="2026-11-21", owner=1)
            )
        return redirect("/customers")

    return app


def fill(path: str, rows: int) -> None:
    """Make the tables and ``rows`` customers."""
    db = engine(path)
    metadata.create_all(db)
    with db.begin() as connection:
        for start in range(0, rows, 10_000):
            connection.execute(
                insert(customer),
                [
                    {
                        "name": f"客户{n}",
                        "phone": "138****0000",
                        "grade": "ABCD"[n % 4],
                        "stage": "visited",
                        "day": "2026-11-01",
                        "owner": n % 30,
                    }
                    for n in range(start, min(start + 10_000, rows))
                ],
            )
    db.dispose()
