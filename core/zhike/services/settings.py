"""Settings: a WTForms form is the schema; values are typed, validated, per company and audited.

The form's fields say which keys there are, which type each has, what is allowed and what holds
where nobody chose (``default=``).  A name that the form does not have is an error, never an empty
answer.  Values are cached per company under its generation, like everything that is asked on every
request; writing one bumps it.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select, update

from zhike import clock
from zhike.db.session import CompanySession, SystemSession
from zhike.errors import UserError
from zhike.models.company import Company
from zhike.models.setting import Setting, SystemSetting
from zhike.plugins.schemas import Field, SettingsError, fields_of, fits
from zhike.services import ledger
from zhike.services.companies import bump_generation, generation_of

if TYPE_CHECKING:
    from zhike.plugins.manager import PluginHost
    from zhike.site import Site


@dataclass(frozen=True)
class Shown:
    """A value as the panel shows it: what is in force, whether it was chosen, and the default."""

    key: str
    value: Any
    default: Any
    chosen: bool


def _encode(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, date | time):
        return value.isoformat()
    return value


def _decode(field: Field, raw: Any) -> Any:
    """The stored value as the form's type; the default where it fits no longer (a changed form)."""
    try:
        if raw is None:
            return None if field.optional else field.default
        if field.kind is Decimal:
            return Decimal(raw)
        if field.kind in (date, time):
            return field.kind.fromisoformat(raw)
    except (TypeError, ValueError, InvalidOperation):
        return field.default
    return raw if fits(raw, field.kind) else field.default


def _schema(host: PluginHost, plugin: str) -> dict[str, Field]:
    cached: dict[str, dict[str, Field]] = host.caches.setdefault("settings_fields", {})
    known = cached.get(plugin)
    if known is None:
        known = {}
        for level in ("company", "system"):
            schema = host.registry.settings(plugin, level)
            if schema is None:
                continue
            for key, field in fields_of(schema).items():
                if key in known:
                    raise SettingsError(f"{plugin!r} has the setting {key!r} on both levels")
                known[key] = field
        if not known:
            raise SettingsError(f"{plugin!r} has no settings")
        cached[plugin] = known
    return known


def _field(host: PluginHost, plugin: str, key: str) -> Field:
    fields = _schema(host, plugin)
    if key not in fields:
        raise SettingsError(f"{plugin!r} has no setting {key!r}; it has {', '.join(fields)}")
    return fields[key]


def get(s: CompanySession, plugin: str, key: str) -> Any:
    """The value in force: what the company (or the site) chose, else the default.

    Raises SettingsError for a plugin without settings and for a key its form does not have.
    """
    _field(s.site.plugins, plugin, key)
    value = _values(s, plugin)[key]
    return list(value) if isinstance(value, list) else value


def get_all(s: CompanySession, plugin: str) -> dict[str, Any]:
    """All values in force of one plugin, by key."""
    return dict(_values(s, plugin))


def shown(s: CompanySession, plugin: str, level: str = "company") -> list[Shown]:
    """Values of one level in the order of the form, with their defaults."""
    stored = _stored(s, plugin)
    return [
        Shown(f.key, _decode(f, stored[f.key]) if f.key in stored else f.default, f.default,
              f.key in stored)
        for f in _schema(s.site.plugins, plugin).values()
        if f.level == level
    ]  # fmt: skip


def _values(s: CompanySession, plugin: str) -> dict[str, Any]:
    host = s.site.plugins
    cache: dict[tuple[int, str], tuple[int, dict[str, Any]]] = host.caches.setdefault(
        "settings_values", {}
    )
    generation = generation_of(s)
    known = cache.get((s.company_id, plugin))
    if known is not None and known[0] == generation:
        return known[1]
    fields, stored = _schema(host, plugin), _stored(s, plugin)
    values = {
        key: _decode(field, stored[key]) if key in stored else copy.copy(field.default)
        for key, field in fields.items()
    }
    if s.read_only:
        # A writing session may see what will never be committed; only readers fill the cache.
        cache[(s.company_id, plugin)] = (generation, values)
    return values


def _stored(s: CompanySession, plugin: str) -> dict[str, Any]:
    levels = {f.level for f in _schema(s.site.plugins, plugin).values()}
    stored: dict[str, Any] = {}
    if "system" in levels:
        rows = s.execute(
            select(SystemSetting.key, SystemSetting.value).where(SystemSetting.plugin == plugin)
        )
        stored.update({row.key: row.value for row in rows})
    if "company" in levels:
        rows = s.execute(select(Setting.key, Setting.value).where(Setting.plugin == plugin))
        stored.update({row.key: row.value for row in rows})
    return stored


def validate(
    host: PluginHost, plugin: str, values: Mapping[str, Any], level: str, base: Mapping[str, Any]
) -> dict[str, Any]:
    """Check ``values`` against the form of ``level``, the others as in ``base``.

    Returns the values; raises SettingsError for an unknown key and UserError, naming the field,
    for a value that has the wrong type or that a validator of the form refuses.
    """
    schema = host.registry.settings(plugin, level)
    for key in values:
        if _field(host, plugin, key).level != level:
            raise SettingsError(f"{plugin}.{key} is not a setting of level {level!r}")
    assert schema is not None
    fields = {k: f for k, f in _schema(host, plugin).items() if f.level == level}
    for key, value in values.items():
        field = fields[key]
        if value is None and field.optional:
            continue
        if not fits(value, field.kind):
            raise UserError(
                f"Expected {field.kind.__name__}, got {type(value).__name__}.",
                field=key,
                code="setting",
            )
    merged = {k: values.get(k, base.get(k, f.default)) for k, f in fields.items()}
    form = schema.form(data=merged)
    for field in form:
        # Validators such as InputRequired look at what was typed, not at the value.
        value = merged[field.short_name]
        field.raw_data = [] if value is None else [str(value)]
    if not form.validate():
        key, messages = next(iter(form.errors.items()))
        raise UserError(str(messages[0]), field=str(key), code="setting")
    return dict(values)


def set_many(s: CompanySession, plugin: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Choose values for the company, all or none; returns what really changed.

    ``values`` are typed as the form's ``data``.  Writes one ledger line with old and new values and
    bumps the generation, in the caller's transaction.  Raises as :func:`validate`.
    """
    bump_generation(s)  # first, because it takes the company's lock
    old = get_all(s, plugin)
    checked = validate(s.site.plugins, plugin, values, "company", old)
    rows = {
        row.key: row
        for row in s.scalars(
            select(Setting).where(Setting.plugin == plugin, Setting.key.in_(list(checked)))
        )
    }
    changed: dict[str, Any] = {}
    for key, value in checked.items():
        row = rows.get(key)
        if row is None:
            s.add(Setting(plugin=plugin, key=key, value=_encode(value), changed_by=s.actor.name))
        else:
            row.value, row.changed_at, row.changed_by = _encode(value), clock.now(), s.actor.name
        if value != old[key]:
            changed[key] = value
    s.flush()
    if changed:
        ledger.append(
            s,
            "core.settings.set",
            object=plugin,
            body={k: {"old": _encode(old[k]), "new": _encode(v)} for k, v in changed.items()},
        )
    return changed


def reset(s: CompanySession, plugin: str, keys: Iterable[str]) -> None:
    """Return to the defaults, with a ledger line; unknown keys raise SettingsError."""
    wanted = list(keys)
    for key in wanted:
        _field(s.site.plugins, plugin, key)
    bump_generation(s)
    old = get_all(s, plugin)
    s.execute(
        delete(Setting)
        .where(Setting.plugin == plugin, Setting.key.in_(wanted))
        .execution_options(synchronize_session=False)
    )
    ledger.append(
        s,
        "core.settings.reset",
        object=plugin,
        body={key: {"old": _encode(old[key])} for key in wanted},
    )


def set_system(s: SystemSession, plugin: str, values: Mapping[str, Any]) -> None:
    """Choose values for the whole site; takes effect in every company on its next request."""
    s.execute(
        update(Company)
        .values(generation=Company.generation + 1)
        .execution_options(synchronize_session=False)
    )
    stored = {
        row.key: row
        for row in s.scalars(select(SystemSetting).where(SystemSetting.plugin == plugin))
    }
    fields = _schema(s.site.plugins, plugin)
    base = {key: _decode(fields[key], row.value) for key, row in stored.items() if key in fields}
    for key, value in validate(s.site.plugins, plugin, values, "system", base).items():
        row = stored.get(key)
        if row is None:
            s.add(
                SystemSetting(plugin=plugin, key=key, value=_encode(value), changed_by=s.actor.name)
            )
        else:
            row.value, row.changed_at, row.changed_by = _encode(value), clock.now(), s.actor.name
    ledger.append(
        s,
        "core.settings.set",
        object=plugin,
        body={k: {"old": _encode(base.get(k)), "new": _encode(v)} for k, v in values.items()},
    )


def get_system(site: Site, plugin: str, key: str) -> Any:
    """A value of level ``system`` where no company is at hand; asks the database each time."""
    field = _field(site.plugins, plugin, key)
    if field.level != "system":
        raise SettingsError(f"{plugin}.{key} is not a setting of level 'system'")
    with site.system_reader() as s:
        row = s.get(SystemSetting, (plugin, key))
        return field.default if row is None else _decode(field, row.value)
