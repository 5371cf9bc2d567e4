"""Fixtures: the gallery of components, served, and a headless browser that looks at it."""

from __future__ import annotations

import importlib.util
import logging
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import make_server


@pytest.fixture(scope="session")
def gallery() -> ModuleType:
    """The module beside this file (test folders are no packages)."""
    spec = importlib.util.spec_from_file_location(
        "ui_gallery", Path(__file__).with_name("gallery.py")
    )
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["ui_gallery"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def app(gallery: ModuleType) -> Flask:
    """A fresh gallery."""
    made: Flask = gallery.create_app()
    made.testing = True
    return made


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Asks the gallery without a browser."""
    return app.test_client()


@pytest.fixture
def site(app: Flask) -> Iterator[str]:
    """Address of the gallery, served by a thread of this test."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()


@pytest.fixture
def page(chromium: Any, site: str) -> Iterator[Any]:
    """A tab of its own. Nothing may leave the machine, break the security policy or throw."""
    context = chromium.new_context(
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
        viewport={"width": 1440, "height": 900},
        reduced_motion="reduce",  # half-shown things have half a contrast
    )
    context.set_default_timeout(60_000)  # against hanging; a busy machine may take its time
    tab = context.new_page()
    complaints: list[str] = []
    tab.on("request", lambda r: complaints.append(r.url) if not r.url.startswith(site) else None)
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on(
        "console",
        lambda m: complaints.append(m.text) if "Content Security Policy" in m.text else None,
    )
    yield tab
    context.close()
    assert complaints == []
