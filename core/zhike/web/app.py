"""``create_app``: the one place where things are put together for a browser."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask, message_flashed
from flask_bootstrap import Bootstrap5
from jinja2 import BaseLoader, ChoiceLoader, FileSystemBytecodeCache, FileSystemLoader, PrefixLoader
from werkzeug.middleware.proxy_fix import ProxyFix

from zhike import clock
from zhike.config import Config
from zhike.errors import ConfigError
from zhike.site import Site
from zhike.web import assets, frame, gate, i18n, lists, notices, problems, secret, security, ui
from zhike.web.blueprint import PluginBlueprint
from zhike.web.context import Me, current, current_proxy
from zhike.web.rest import mount
from zhike.web.rights import Access, GuardedRule

log = logging.getLogger(__name__)

_FOREIGN = {
    "bootstrap.static": Access(public="style sheets and icons of the Bootstrap package"),
}
"""Routes that packages add; each looked at and given what it needs."""


@dataclass
class Extension:
    """What the web keeps beside the Flask application: ``app.extensions["zhike"]``."""

    site: Site
    hosts: security.Hosts
    plugin_roots: dict[str, Path]
    static_folders: dict[str, Path]
    plain: frozenset[str] = frozenset()
    links: dict[tuple[str, str], Mapping[str, str]] = field(default_factory=dict)
    addresses: dict[tuple[str, str, str], tuple[float, str, str]] = field(default_factory=dict)
    documents: dict[frozenset[str], dict[str, Any]] = field(default_factory=dict)
    banners: list[Callable[[Me], Sequence[ui.Banner]]] = field(default_factory=list)


class ZhikeFlask(Flask):
    """Flask whose routes carry what they need."""

    url_rule_class = GuardedRule  # type: ignore[assignment]  # Flask types it as Rule itself


def create_app(site: Site | Config | None = None) -> Flask:
    """Build the WSGI application of a site (default: the one the environment describes).

    Raises ``ConfigError`` for a weak cookie key and for a core route that does not say what it
    needs; a plugin that fails here is marked as broken and left out.
    """
    if not isinstance(site, Site):
        site = Site.open(site)
    config = site.config
    app = ZhikeFlask(
        "zhike.web", static_url_path="/static", static_folder=None, template_folder=None
    )
    app.config.update(
        SECRET_KEY=secret.cookie_key(config),
        SESSION_COOKIE_NAME="zhike_page",
        SESSION_COOKIE_SECURE=config.secure_cookies,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=timedelta(hours=12),
        SESSION_REFRESH_EACH_REQUEST=False,
        MAX_CONTENT_LENGTH=security.MAX_BODY,
        MAX_FORM_MEMORY_SIZE=security.MAX_FIELDS_SIZE,
        MAX_FORM_PARTS=security.MAX_FIELDS,
        SEND_FILE_MAX_AGE_DEFAULT=timedelta(hours=1),
        TEMPLATES_AUTO_RELOAD=False,
        WTF_CSRF_CHECK_DEFAULT=False,  # the gate asks, after it knows who is there
        WTF_CSRF_TIME_LIMIT=None,  # a form lives as long as the sign-in it was made in
        WTF_CSRF_SSL_STRICT=False,  # the gate compares Sec-Fetch-Site or Origin itself
        BOOTSTRAP_SERVE_LOCAL=True,
        PREFERRED_URL_SCHEME="https" if config.secure_cookies else "http",
    )
    app.json.ensure_ascii = False  # type: ignore[attr-defined]  # of Flask's default provider
    site.plugins.collect_web()
    app.extensions["zhike"] = Extension(site, security.Hosts(config), {}, {})
    app.extensions["zhike"].banners.append(notices.of_the_site)
    Bootstrap5(app)
    security.csrf.init_app(app)
    _mount_core(app)
    _mount_plugins(app, site)
    mount.mount(app, site.plugins)
    extension: Extension = app.extensions["zhike"]
    _set_up_templates(app, extension)
    i18n.install(app, extension.plugin_roots)
    app.before_request(gate.enter)
    app.before_request(lists.open_default)
    app.after_request(gate.leave)
    message_flashed.connect(notices.keep_the_last, app)
    app.teardown_request(gate.close)
    problems.install(app)
    _check_routes(app)
    extension.plain = frozenset(
        {"bootstrap.static", "core.static_file", "core.healthz", "core.readyz", "core.security_txt"}
    )
    if config.proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]  # Flask's documented way
            app.wsgi_app, x_for=config.proxies, x_proto=config.proxies, x_host=config.proxies
        )
    return app


def _mount_core(app: Flask) -> None:
    from zhike.admin import blueprints as panel
    from zhike.web.views import core_blueprints

    for blueprint in (*core_blueprints(), *panel()):
        app.register_blueprint(blueprint)


def _mount_plugins(app: Flask, site: Site) -> None:
    """Mount what plugins bring; one that fails is broken, its half-added routes are closed."""
    extension: Extension = app.extensions["zhike"]
    host = site.plugins
    for entry in host.registry.of_hook("register_blueprints"):
        name = entry.owner.plugin
        if name not in host.manifests:
            continue
        blueprint = entry.value
        assert isinstance(blueprint, PluginBlueprint)
        before = {id(rule) for rule in app.url_map.iter_rules()}
        try:
            app.register_blueprint(blueprint)
            _check_plugin_routes(app, name, before)
        except Exception as error:  # noqa: BLE001 - the barrier around a plugin's pages
            host.mark_broken(name, "pages", error)
    for name in host.names:
        root = host.root(name)
        extension.plugin_roots[name] = root
        if (root / "static").is_dir():
            extension.static_folders[name] = root / "static"


def _check_plugin_routes(app: Flask, name: str, before: set[int]) -> None:
    known = {p.name for p in _permissions(app)}
    for rule in app.url_map.iter_rules():
        if id(rule) in before:
            continue
        access = getattr(rule, "access", None)
        if access is None:
            raise ConfigError(f"route {rule.rule} names no permission")
        if access.permission and access.permission not in known:
            raise ConfigError(f"route {rule.rule} names {access.permission!r}, which nobody knows")
        if not rule.rule.startswith(f"/p/{name}/") and rule.rule != f"/p/{name}":
            raise ConfigError(f"route {rule.rule} lies outside /p/{name}/")


def _permissions(app: Flask) -> Sequence[Any]:
    from zhike.contributions import Permission
    from zhike.services.access import CORE_PERMISSIONS

    registry = app.extensions["zhike"].site.plugins.registry
    return (*CORE_PERMISSIONS, *registry.items(Permission))


def _check_routes(app: Flask) -> None:
    """Refuse to start with a core route that does not say what it needs."""
    known = {p.name for p in _permissions(app)}
    broken = app.extensions["zhike"].site.plugins.broken
    for rule in app.url_map.iter_rules():
        if rule.endpoint in _FOREIGN and isinstance(rule, GuardedRule):
            rule.access = _FOREIGN[rule.endpoint]
        access = getattr(rule, "access", None)
        plugin = gate.plugin_of(rule.rule) or ""
        if plugin in broken:
            continue  # never active, so never reached
        if access is None:
            raise ConfigError(f"route {rule.rule} ({rule.endpoint}) does not say what it needs")
        if access.permission and access.permission not in known:
            raise ConfigError(f"route {rule.rule} names {access.permission!r}, which nobody knows")


def _set_up_templates(app: Flask, extension: Extension) -> None:
    """Each plugin's templates are found under its own name, the core's under ``zhike/``."""
    prefixes: dict[str, BaseLoader] = {
        "zhike": FileSystemLoader(Path(__file__).parent.parent / "templates" / "zhike")
    }
    for name, root in extension.plugin_roots.items():
        if (root / "templates" / name).is_dir():
            prefixes[name] = FileSystemLoader(root / "templates" / name)
    bootstrap = app.jinja_loader
    app.jinja_loader = ChoiceLoader(
        [PrefixLoader(prefixes), *([bootstrap] if bootstrap is not None else [])]
    )
    folder = extension.site.config.home / "cache" / "templates"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    env = app.jinja_env
    env.bytecode_cache = FileSystemBytecodeCache(str(folder))
    env.trim_blocks = env.lstrip_blocks = False
    ui.register(env, now=clock.now, zone=_zone, saved=lists.saved_bar)
    app.context_processor(frame.page_context)
    env.globals.update(
        frame.jinja_globals(),
        current=current_proxy,
        static_url=assets.static_url,
        csrf_token=security.csrf_token,
    )


def _zone() -> ZoneInfo:
    return ZoneInfo(current().tz)
