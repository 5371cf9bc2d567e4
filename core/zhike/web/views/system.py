"""What needs nobody: files, health for monitors, and whom to tell about a weakness."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import Any

from flask import Response, current_app, jsonify, request
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from zhike import clock
from zhike.errors import UserError
from zhike.models.company import Company
from zhike.web import assets, notices
from zhike.web.context import site_of_app
from zhike.web.views._core import bp


@bp.get("/static/core/<path:name>", public="style sheets, scripts and pictures of the core")
def static_file(name: str) -> Response:
    """One static file of the core."""
    return assets.serve("core", name)


@bp.get("/static/p/<plugin>/<path:name>", signed_in="the gate asks whether the plugin is active")
def plugin_static(plugin: str, name: str) -> Response:
    """One static file of a plugin that is active for the company at hand."""
    return assets.serve(plugin, name)


def _database_answers() -> bool:
    try:
        with site_of_app().system_reader() as s:
            s.execute(select(Company.id).limit(1)).first()
    except (SQLAlchemyError, UserError):
        return False
    return True


@bp.get("/healthz", public="monitors ask it; says ok or degraded and nothing else")
def healthz() -> Any:
    """Whether this process answers and finds its data (503 if not), and the worker is at work."""
    if not _database_answers():
        return jsonify(status="degraded"), 503
    return jsonify(status="degraded" if notices.worker_silent(site_of_app()) else "ok")


@bp.get("/readyz", public="load balancers ask it; says ok or degraded and nothing else")
def readyz() -> Any:
    """Whether this process may be given requests."""
    good = _database_answers()
    return jsonify(status="ok" if good else "degraded"), 200 if good else 503


@bp.get("/.well-known/security.txt", public="RFC 9116: whom to tell about a weakness")
def security_txt() -> Response:
    """The operator's own file in the site's folder, else an address at this host."""
    own = current_app.extensions["zhike"].site.config.home / "security.txt"
    if own.is_file():
        text = own.read_text(encoding="utf-8")
    else:
        name = request.host.partition(":")[0]
        until = (clock.now() + timedelta(days=180)).astimezone(UTC).strftime("%Y-%m-%dT00:00:00Z")
        text = f"Contact: mailto:security@{name}\nExpires: {until}\nPreferred-Languages: zh, en\n"
    return Response(text, mimetype="text/plain")
