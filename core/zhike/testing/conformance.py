"""The suite every plugin inherits: what the core promises about plugins, tried on this one.

Three lines are enough; what the suite cannot guess is overridden::

    class TestConformance(PluginConformance):
        plugin = "acme_hello"
        query_bounds = {"/p/acme_hello/": 6}

Needs the plugin to be installed as a distribution, as its users will have it.
"""

from __future__ import annotations

import ast
import io
import re
import uuid
import zipfile
from collections.abc import Callable, Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
import sqlalchemy as sa
from sqlalchemy import func, select

from zhike.config import Config
from zhike.contributions import (
    ApiResource,
    Engine,
    Listener,
    MenuItem,
    Permission,
    PolicyPreset,
    RolePreset,
    SubjectData,
)
from zhike.db import migrate
from zhike.db.base import Base, GlobalModel, ScopedModel, is_scoped
from zhike.db.session import CompanySession
from zhike.models.ledger import LedgerLine
from zhike.models.organisation import Unit
from zhike.models.plugin import CompanyPlugin, PluginState
from zhike.plugins.discovery import ENTRY_POINTS
from zhike.services import event_data, lifecycle
from zhike.services.lifecycle.owned import core_conditions, plugin_tables
from zhike.services.lifecycle.status import lineage
from zhike.site import Site
from zhike.testing.fill import fill
from zhike.testing.messages import untranslated
from zhike.testing.postgresql import throwaway_database
from zhike.testing.sites import counting, make_company, make_user, sign_in

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient
    from werkzeug.routing import Rule

    from zhike.manifest import Plugin

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class PluginConformance:
    """Inherit in a test module, name the plugin.

    plugin        name of the plugin under test.
    query_bounds  path -> most statements of a second request by an administrator; pages without
                  an entry are held to ``max_queries``.
    untried       paths (as in the route, ``/p/x/<uuid:id>``) that a GET without further context
                  cannot answer, each with the reason.
    """

    plugin: ClassVar[str]
    query_bounds: ClassVar[Mapping[str, int]] = {}
    max_queries: ClassVar[int] = 12
    untried: ClassVar[Mapping[str, str]] = {}

    # -- what a plugin may override ------------------------------------------------------------

    def populate(self, s: CompanySession, mark: str) -> uuid.UUID | None:
        """Put at least one row into every company table of the plugin, ``mark`` in its texts.

        Returns the id of the customer the rows are about, if there is one.  The default fills the
        tables column by column.
        """
        return fill(s, self._scoped(), mark).party_id

    # -- fixtures ------------------------------------------------------------------------------

    @pytest.fixture
    def zhike_plugins(self) -> tuple[str, ...]:
        """The plugin under test and what it needs."""
        return (*self._needs(), self.plugin)

    @pytest.fixture
    def manifest(self, site: Site) -> Plugin:
        """The manifest as loaded."""
        return site.plugins.manifests[self.plugin]

    @pytest.fixture
    def unit(self, site: Site, company: int) -> uuid.UUID:
        """A sales site of the company, for routes that name one."""
        with site.transaction(company) as s:
            row = Unit(name="示例案场", kind="site", code="CONF")
            s.add(row)
            s.flush()
            return row.id

    # -- what it is ----------------------------------------------------------------------------

    def test_manifest_equals_its_distribution(self, manifest: Plugin) -> None:
        """Name, version and dependencies say the same in both places."""
        points = [p for p in metadata.entry_points(group=ENTRY_POINTS) if p.name == self.plugin]
        assert len(points) == 1, f"exactly one distribution must announce {self.plugin!r}"
        dist = points[0].dist
        assert dist is not None
        assert dist.version == manifest.version
        requires = {re.split(r"[^\w.-]", r, maxsplit=1)[0].lower() for r in dist.requires or ()}
        assert "zhike" in requires, "the distribution must depend on zhike"
        assert manifest.title_zh, "title_zh is missing"

    def test_it_loads_with_its_pages(self, app: Flask, site: Site) -> None:
        """Nothing of it is broken, bridges and pages included."""
        assert site.plugins.broken == {}

    def test_what_it_contributes_fits_together(self, app: Flask, site: Site) -> None:
        """Permissions, events, engines and endpoints that are named do exist."""
        registry = site.plugins.registry
        known = {p.name for p in registry.items(Permission)}
        for permission in self._mine(site, Permission):
            assert set(permission.implies) <= known, f"{permission.name} implies unknown ones"
        for role in self._mine(site, RolePreset):
            assert set(role.permissions) <= known, f"{role.name} grants unknown permissions"
        for item in self._mine(site, MenuItem):
            assert item.permission in known, f"{item.name} names an unknown permission"
            assert item.endpoint in app.view_functions, f"{item.name}: no {item.endpoint!r}"
            rules = list(app.url_map.iter_rules(item.endpoint))
            assert any(not r.arguments for r in rules), f"{item.endpoint} needs an argument"
        for listener in self._mine(site, Listener):
            owner = listener.event.partition(".")[0]
            if owner in site.plugins.loaded:
                assert registry.event(listener.event), f"nobody emits {listener.event!r}"
        for entry in registry.of_hook("register_events"):
            if entry.owner.plugin == self.plugin:
                event_data.check(entry.value)
        for engine in self._mine(site, Engine):
            assert engine.load() is not None
        engines = {e.name for e in registry.items(Engine)}
        for preset in self._mine(site, PolicyPreset):
            assert preset.engine in engines, f"{preset.name}: no engine {preset.engine!r}"
            for file in (preset.path, *preset.drills):
                assert file.is_file(), f"{preset.name}: {file} is missing"

    # -- its tables ----------------------------------------------------------------------------

    def test_its_operations_load_and_say_what_they_do(self, app: Flask, site: Site) -> None:
        """Operations of the JSON API may name what they run; here every name must be right."""
        for resource in self._mine(site, ApiResource):
            operation: Any = resource.loaded()
            assert callable(operation.view), operation.name
            assert operation.summary, operation.name

    def test_tables_are_owned_prefixed_and_scoped(self, site: Site) -> None:
        """Each table is the plugin's own, each model belongs to a company or is declared global."""
        for model in self._models():
            table = model.__table__
            assert table.name.startswith(f"{self.plugin}__"), table.name
            assert is_scoped(model) or issubclass(model, GlobalModel), table.name
            for key in table.foreign_key_constraints:
                owner = key.referred_table.info.get("plugin")
                assert owner in (self.plugin, "core"), f"{table.name} refers to {owner}'s tables"
            if not is_scoped(model):
                continue
            for index in table.indexes:
                first = next(iter(index.columns)).name
                assert first == "company_id", f"{index.name} does not begin with the company"
            for unique in table.constraints:
                if isinstance(unique, sa.UniqueConstraint):
                    assert "company_id" in unique.columns, f"{table.name}: unique without company"

    @pytest.mark.parametrize(
        "database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]
    )
    def test_migrations_go_up_down_up_without_drift(self, tmp_path: Path, database: str) -> None:
        """Up equals the models; down leaves nothing; up again works."""
        if database == "postgresql":
            with throwaway_database() as url:
                self._up_down_up(Config(home=tmp_path / "home", database_url=url))
        else:
            self._up_down_up(Config(home=tmp_path / "home"))

    def _up_down_up(self, config: Config) -> None:
        site = Site.open(Config(home=config.home, database_url=config.database_url))
        line = lineage(site.plugins, self.plugin)
        assert self._models() == [] or migrate.head(line), "models without a migration"
        migrate.upgrade(config, migrate.CORE)
        for _ in range(2):
            migrate.upgrade(config, line)
            assert migrate.drift(config, line) == []
            migrate.downgrade(config, line)
            with site.unscoped("conformance: what is left", write=False) as s:
                assert plugin_tables(s.connection(), self.plugin) == []
        migrate.upgrade(config, line)
        assert migrate.drift(config, line) == []
        site.close()

    def test_migrations_import_no_models(self, site: Site) -> None:
        """A revision must mean the same for ever; models change."""
        for file in sorted((site.plugins.root(self.plugin) / "migrations").glob("*.py")):
            for node in ast.walk(ast.parse(file.read_bytes())):
                names = []
                if isinstance(node, ast.Import):
                    names = [alias.name for alias in node.names]
                elif isinstance(node, ast.ImportFrom):
                    names = ["." * node.level + (node.module or "")]
                for name in names:
                    allowed = not name.startswith((".", "zhike")) or name == "zhike.db.types"
                    assert allowed, f"{file.name} imports {name}"

    # -- its pages -----------------------------------------------------------------------------

    def test_every_route_names_what_it_needs(self, app: Flask, site: Site) -> None:
        """A permission that exists, or the reason why anybody may see it."""
        known = {p.name for p in site.plugins.registry.items(Permission)}
        for rule in self._rules(app):
            access = getattr(rule, "access", None)
            assert access is not None, rule.rule
            assert access.public or access.permission in known, rule.rule

    def test_templates_lie_under_its_own_name(self, site: Site) -> None:
        """Two plugins may both have an ``index.html``; only the folder tells them apart."""
        folder = site.plugins.root(self.plugin) / "templates"
        for file in folder.rglob("*") if folder.is_dir() else ():
            if file.is_file():
                assert file.relative_to(folder).parts[0] == self.plugin, str(file)

    def test_a_company_without_it_meets_a_404_everywhere(
        self, app: Flask, site: Site, company: int, unit: uuid.UUID
    ) -> None:
        """On every path and method the same answer as for a path that never was."""
        other = make_company(site, "without")
        client = sign_in(app, site, make_user(site, other))
        nothing = f"/p/{self.plugin}_that_never_was/"
        for path in (*self._paths(app, unit), f"/p/{self.plugin}/nothing/here"):
            for method in METHODS:
                answer = client.open(path, method=method)
                assert answer.status_code == 404, f"{method} {path}: {answer.status_code}"
                if method == "GET" and path.startswith("/p/"):
                    never = client.get(nothing).get_data(as_text=True)
                    said = answer.get_data(as_text=True)
                    assert _plain(said) == _plain(never), f"{path} tells that it is there"

    def test_without_permission_every_route_answers_403(
        self, app: Flask, site: Site, company: int, unit: uuid.UUID
    ) -> None:
        """Somebody who belongs to the company and may do nothing gets nowhere."""
        client = sign_in(app, site, make_user(site, company, []))
        for rule in self._rules(app):
            access = getattr(rule, "access", None)
            if access is not None and access.public:
                continue
            path = self._fill_in(app, rule, unit)
            for method in sorted((rule.methods or set()) - {"OPTIONS"}):
                answer = client.open(path, method=method)
                assert answer.status_code == 403, f"{method} {path}: {answer.status_code}"

    def test_company_a_never_sees_b(
        self, app: Flask, site: Site, company: int, unit: uuid.UUID
    ) -> None:
        """Rows of another company are in no query and on no page."""
        b = make_company(site, "other", (*self._needs(), self.plugin))
        with site.transaction(b) as s:
            self.populate(s, "CANARY-OF-B")
        with site.reader(b) as s:
            for model in self._scoped():
                rows = s.scalar(select(func.count()).select_from(model))
                assert rows, f"populate() puts nothing into {model.__tablename__}"
        with site.reader(company) as s:
            for model in self._scoped():
                assert s.scalar(select(func.count()).select_from(model)) == 0, model.__tablename__
        client = sign_in(app, site, make_user(site, company))
        for rule, path in self._pages(app, unit):
            answer = client.get(path)
            assert answer.status_code < 500, f"{path}: {answer.status_code}"
            assert not _contains(answer.get_data(), b"CANARY-OF-B"), rule.rule

    def test_pages_ask_the_database_little_and_not_once_a_row(
        self, app: Flask, site: Site, company: int, unit: uuid.UUID
    ) -> None:
        """Within the bound, and no more statements with many rows than with one."""
        client = sign_in(app, site, make_user(site, company))
        with site.transaction(company) as s:
            self.populate(s, "one")
        pages = [p for r, p in self._pages(app, unit) if not r.arguments - {"unit_id"}]
        before = {path: self._count(client, site, path) for path in pages}
        for number in range(9):
            with site.transaction(company) as s:
                self.populate(s, f"more{number}")
        for path in pages:
            few, many = before[path], self._count(client, site, path)
            bound = self.query_bounds.get(path, self.max_queries)
            assert many <= bound, f"{path}: {many} statements, at most {bound}"
            assert many <= few, f"{path}: {few} statements with one row, {many} with ten"

    # -- words and people ----------------------------------------------------------------------

    def test_every_message_is_in_chinese(self, site: Site) -> None:
        """The catalogue zh_Hans has a translation for each message id in code and templates."""
        missing = untranslated(site.plugins.root(self.plugin))
        listing = "\n".join(f"  {msgid!r} ({places[0]})" for msgid, places in missing.items())
        assert not missing, f"without translation:\n{listing}"

    def test_personal_columns_are_exported_and_erased(self, site: Site, company: int) -> None:
        """What is marked ``info={"personal": …}`` is in subject data, and erasing leaves none."""
        subjects = self._mine(site, SubjectData)
        stated = {column for subject in subjects for column in subject.columns}
        personal = {
            f"{column.table.name}.{column.name}": column
            for model in self._models()
            for column in model.__table__.columns
            if column.info.get("personal")
        }
        assert set(personal) <= stated, f"not in subject data: {sorted(set(personal) - stated)}"
        assert stated <= {
            f"{c.table.name}.{c.name}" for m in self._models() for c in m.__table__.columns
        }, "subject data names a column that does not exist"
        if not subjects:
            return
        with site.transaction(company) as s:
            party_id = self.populate(s, "CANARY-PERSON")
        assert party_id is not None, "populate() must return the customer the rows are about"
        with site.transaction(company) as s:
            for subject in subjects:
                assert subject.export(s, party_id), f"{subject.name} exports nothing"
                subject.erase(s, party_id)
        with site.reader(company) as s:
            for name, column in personal.items():
                values = s.scalars(select(self._attribute(column))).all()
                assert not any("CANARY-PERSON" in str(v) for v in values), f"{name} survives"

    # -- its life ------------------------------------------------------------------------------

    def test_switching_on_and_off_twice_is_harmless(self, site: Site, company: int) -> None:
        """The second time finds the state there; data stay while it is off."""
        with site.transaction(company) as s:
            self.populate(s, "kept")
        before = self._rows(site, company)
        for _ in range(2):
            for step in (lifecycle.disable, lifecycle.disable, lifecycle.enable, lifecycle.enable):
                with site.transaction(company) as s:
                    step(s, self.plugin)
        assert self._rows(site, company) == before

    def test_uninstalling_leaves_ledger_lines_and_nothing_else(
        self, site: Site, company: int
    ) -> None:
        """No table, no row in the core's tables, no file; and it can be installed again."""
        with site.transaction(company) as s:
            self.populate(s, "gone")
            lifecycle.disable(s, self.plugin)
        files = _files(site.config.home)
        archive = lifecycle.uninstall(site, self.plugin, typed=self.plugin)
        assert archive.is_file()
        with site.unscoped("conformance: what is left", write=False) as u:
            assert plugin_tables(u.connection(), self.plugin) == []
            for table, condition in core_conditions(self.plugin):
                rows = u.execute(select(Base.metadata.tables[table]).where(condition)).all()
                assert rows == [], table
            assert u.get(PluginState, self.plugin) is None
            assert u.scalars(select(CompanyPlugin.plugin)).all().count(self.plugin) == 0
        with site.reader(company) as s:
            last = select(LedgerLine.action).where(LedgerLine.object == self.plugin)
            assert "core.plugin.uninstalled" in s.scalars(last).all()
        left = _files(site.config.home) - files - {archive}
        assert not [f for f in left if self.plugin in f.name and f.suffix != ".jsonl"]
        assert lifecycle.install(site, self.plugin) == [self.plugin]

    # -- helpers -------------------------------------------------------------------------------

    def _needs(self) -> tuple[str, ...]:
        from zhike.plugins import graph, load_plugins

        found = load_plugins(Config(home=Path()))
        assert self.plugin in found.found, f"{self.plugin!r} is not installed"
        return graph.closure_up(self.plugin, found.manifests)

    def _mine(self, site: Site, kind: type[Any]) -> list[Any]:
        entries = site.plugins.registry.of(kind)
        return [e.value for e in entries if e.owner.plugin == self.plugin]

    def _models(self) -> list[type[Any]]:
        found = [
            m.class_
            for m in Base.registry.mappers
            if getattr(m.local_table, "info", {}).get("plugin") == self.plugin
        ]
        return sorted(found, key=lambda model: str(model.__tablename__))

    def _scoped(self) -> list[type[ScopedModel]]:
        return [m for m in self._models() if is_scoped(m)]

    def _attribute(self, column: sa.Column[Any]) -> Any:
        model = next(m for m in self._models() if m.__table__ is column.table)
        return sa.inspect(model).get_property_by_column(column).class_attribute

    def _rows(self, site: Site, company: int) -> dict[str, int]:
        with site.reader(company) as s:
            return {
                str(m.__tablename__): s.scalar(select(func.count()).select_from(m)) or 0
                for m in self._scoped()
            }

    def _rules(self, app: Flask) -> list[Rule]:
        mine = (f"/p/{self.plugin}", f"/api/v1/{self.plugin}")
        return [
            rule
            for rule in app.url_map.iter_rules()
            if any(rule.rule == m or rule.rule.startswith(f"{m}/") for m in mine)
        ]

    def _fill_in(self, app: Flask, rule: Rule, unit: uuid.UUID) -> str:
        samples: dict[str, Callable[[], Any]] = {
            "UUIDConverter": uuid.uuid4,
            "IntegerConverter": lambda: 1,
            "FloatConverter": lambda: 1.0,
        }
        values: dict[str, Any] = {}
        for name in rule.arguments:
            converter = rule._converters[name]
            words = getattr(converter, "items", None)  # <any(a, b):name>
            sample = samples.get(type(converter).__name__, lambda: "x")
            values[name] = unit if name == "unit_id" else min(words) if words else sample()
        adapter = app.url_map.bind("localhost")
        return adapter.build(rule.endpoint, values, method=next(iter(rule.methods or {"GET"})))

    def _paths(self, app: Flask, unit: uuid.UUID) -> Iterator[str]:
        seen = set()
        for rule in self._rules(app):
            path = self._fill_in(app, rule, unit)
            if path not in seen:
                seen.add(path)
                yield path
        yield f"/p/{self.plugin}/"
        yield f"/api/v1/{self.plugin}/"
        yield f"/static/p/{self.plugin}/x.css"

    def _pages(self, app: Flask, unit: uuid.UUID) -> list[tuple[Rule, str]]:
        return [
            (rule, self._fill_in(app, rule, unit))
            for rule in self._rules(app)
            if "GET" in (rule.methods or ()) and rule.rule not in self.untried
        ]

    def _count(self, client: FlaskClient, site: Site, path: str) -> int:
        client.get(path)
        with counting(site) as counted:
            answer = client.get(path)
        assert answer.status_code < 400, f"{path}: {answer.status_code}"
        return counted.count


#: A signed token as forms carry it: payload, time and signature.
_TOKEN = re.compile(r"[\w-]{20,}\.[\w-]{4,}\.[\w-]{20,}")


def _plain(page: str) -> str:
    """A page without what differs from one request to the next: tokens, keys, its own path."""
    page = _TOKEN.sub("", page)
    page = re.sub(r'name="idempotency_key"[^>]*', "", page)
    return re.sub(r"/p/[\w/.-]+", "", page)


def _contains(body: bytes, mark: bytes) -> bool:
    """Whether ``mark`` is in an answer; workbooks are looked into."""
    if body.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            return any(mark in archive.read(name) for name in archive.namelist())
    return mark in body


def _files(home: Path) -> set[Path]:
    return {f for f in home.rglob("*") if f.is_file()}


__all__ = ["PluginConformance"]
