"""Policies 制度: regulations as data, versioned, effective from an instant, chosen per place.

A plugin ships presets; a company has policies made of them, each a line of versions; a choice says
where a policy holds. Engines ask :func:`in_force` and pin the version it names.
"""

from zhike.services.policies.check import MODES, Checked, Problem, allowed_words, check_changes
from zhike.services.policies.diff import (
    ParameterRow,
    Row,
    diff,
    diff_versions,
    parameter_rows,
)
from zhike.services.policies.exchange import PolicyFile, export_version, import_file, read_file
from zhike.services.policies.inforce import (
    Change,
    ResolvedPolicy,
    choices_at,
    in_force,
    resolved_version,
    scheduled,
)
from zhike.services.policies.presets import Shipped, engine_of, policy_hash, presets_of, shipped
from zhike.services.policies.versions import (
    change_mode,
    choose,
    create,
    current,
    discard_draft,
    draft,
    ensure_default,
    later_versions,
    open_draft,
    policies_of,
    publish,
    save_draft,
    versions_of,
    withdraw,
)

__all__ = [
    "Change",
    "Checked",
    "MODES",
    "ParameterRow",
    "PolicyFile",
    "Problem",
    "ResolvedPolicy",
    "Row",
    "Shipped",
    "allowed_words",
    "change_mode",
    "check_changes",
    "choices_at",
    "choose",
    "create",
    "current",
    "diff",
    "diff_versions",
    "discard_draft",
    "draft",
    "engine_of",
    "ensure_default",
    "export_version",
    "import_file",
    "in_force",
    "later_versions",
    "open_draft",
    "parameter_rows",
    "policies_of",
    "policy_hash",
    "presets_of",
    "publish",
    "read_file",
    "resolved_version",
    "save_draft",
    "scheduled",
    "shipped",
    "versions_of",
    "withdraw",
]
