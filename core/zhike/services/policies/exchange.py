"""A policy as one file: what a company changed of a preset, with a hash, to read, keep and pass on.

An import always makes a draft of the importing company. The file carries no ids, so it can never
overwrite anything; what it says is checked against the preset like anything typed by hand.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import tomli_w
from sqlalchemy import select

from zhike.db.session import CompanySession
from zhike.errors import NotFound, UserError
from zhike.i18n import _
from zhike.models.policy import PolicyRecord, PolicyVersion
from zhike.services import ledger
from zhike.services.policies.check import Checked, check_changes
from zhike.services.policies.presets import shipped
from zhike.services.policies.versions import create, draft, save_draft

if TYPE_CHECKING:
    from zhike.site import Site

FORMAT = "zhike-policy-1"
MAX_BYTES = 1_000_000
_FIELDS = {
    "format",
    "name",
    "preset",
    "preset_hash",
    "mode",
    "number",
    "reason",
    "params",
    "clauses",
}


@dataclass(frozen=True)
class PolicyFile:
    """A file that has been read and holds: ``changed`` says its contents do not match its hash."""

    name: str
    preset: str
    mode: str
    reason: str
    checked: Checked
    changed: bool
    other_preset: bool


def export_version(s: CompanySession, version_id: uuid.UUID, *, json_form: bool = False) -> str:
    """A version as TOML text (or JSON), ending with the SHA-256 of what it says."""
    row = s.require(PolicyVersion, version_id)
    policy = s.require(PolicyRecord, row.policy_id)
    # TOML knows no null: the word "none" is read back as one.
    params = {key: "none" if value is None else value for key, value in row.params.items()}
    data: dict[str, Any] = {
        "format": FORMAT,
        "name": policy.name,
        "preset": row.preset,
        "preset_hash": row.preset_hash,
        "mode": row.mode,
        "number": row.number or 0,
        "reason": row.reason,
        "params": params,
        "clauses": row.clauses,
    }
    data["hash"] = _hash(data)
    if json_form:
        return json.dumps(data, ensure_ascii=False, indent=2) + "\n"
    scalars = {key: value for key, value in data.items() if not isinstance(value, dict)}
    tables = {key: value for key, value in data.items() if isinstance(value, dict)}
    return tomli_w.dumps({**scalars, **tables})


def read_file(site: Site, text: str) -> PolicyFile:
    """Read and check a file without touching anything; raises ``UserError`` saying what is wrong.

    A file without a hash is taken as written by hand.
    """
    data = _parse(text)
    if data.get("format") != FORMAT:
        raise UserError(
            _("This is no policy file (its first line says format = “%(format)s”).", format=FORMAT),
            code="format",
        )
    given = data.pop("hash", None)
    unknown = sorted(set(data) - _FIELDS)
    if unknown:
        raise UserError(
            _("The file says %(what)s, which means nothing here.", what="、".join(unknown)),
            code="format",
        )
    name, preset, mode = (data.get(key) for key in ("name", "preset", "mode"))
    params, clauses = data.get("params", {}), data.get("clauses", {})
    if not (isinstance(name, str) and isinstance(preset, str) and isinstance(mode, str)):
        raise UserError(_("The file needs a name, a preset and a mode."), code="format")
    if not (isinstance(params, Mapping) and isinstance(clauses, Mapping)):
        raise UserError(_("The file's params and clauses must be tables."), code="format")
    try:
        source = shipped(site, preset)
    except NotFound as error:
        raise UserError(error.message, field="preset", code="no_preset") from None
    return PolicyFile(
        name=name,
        preset=preset,
        mode=mode,
        reason=str(data.get("reason", "")),
        checked=check_changes(source.preset, params, clauses, mode),
        changed=given is not None and given != _hash(data),
        other_preset=data.get("preset_hash", source.hash) != source.hash,
    )


def import_file(
    s: CompanySession,
    text: str,
    *,
    into: uuid.UUID | None = None,
    accept_changed: bool = False,
) -> PolicyVersion:
    """Make a draft from a file: of the policy ``into``, or of a new one with a name that is free.

    Raises ``UserError`` for a file that does not hold, and for one whose contents no longer match
    its hash unless ``accept_changed``.
    """
    read = read_file(s.site, text)
    if read.changed and not accept_changed:
        raise UserError(
            _("The file has been changed since it was exported; look at it and confirm."),
            code="hash",
        )
    if into is None:
        row = create(s, preset=read.preset, name=_free_name(s, read), reason=read.reason)
    else:
        policy = s.require(PolicyRecord, into)
        row = draft(s, into, reason=read.reason)
        if row.preset != read.preset:
            if shipped(s.site, read.preset).plugin != policy.plugin:
                raise UserError(_("This policy belongs to another plugin."), code="plugin")
            row.preset = read.preset
            s.flush()
    saved = save_draft(
        s,
        row.id,
        lock=row.lock,
        params=read.checked.params,
        clauses=read.checked.clauses,
        mode=read.mode,
    )
    ledger.append(
        s,
        "core.policy.imported",
        object=f"core:policy_version:{saved.id}",
        body={"name": read.name, "preset": read.preset, "changed": read.changed},
    )
    return saved


def _free_name(s: CompanySession, read: PolicyFile) -> str:
    plugin = shipped(s.site, read.preset).plugin
    taken = set(s.scalars(select(PolicyRecord.name).where(PolicyRecord.plugin == plugin)))
    name, number = read.name.strip()[:70] or read.preset, 1
    free = name
    while free in taken:
        number += 1
        free = f"{name} ({number})"
    return free


def _parse(text: str) -> dict[str, Any]:
    if len(text.encode("utf-8", "replace")) > MAX_BYTES:
        raise UserError(_("The file is too large."), code="size", status=413)
    try:
        data = json.loads(text) if text.lstrip().startswith("{") else tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError(
            _("The file cannot be read: %(why)s", why=str(error)[:200]), code="format"
        ) from None
    if not isinstance(data, dict):
        raise UserError(_("This is no policy file."), code="format")
    return data


def _hash(data: Mapping[str, Any]) -> str:
    plain = {key: value for key, value in data.items() if key != "hash"}
    text = json.dumps(plain, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()
