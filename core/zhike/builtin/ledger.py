"""What the core's own acts are called in the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from zhike.contributions import N_, Column, Exporter, LedgerAction
from zhike.hookspecs import hookimpl

ACTIONS = {
    "core.company.added": N_("Company added"),
    "core.company.changed": N_("Company details changed"),
    "core.demo.removed": N_("Demo data removed"),
    "core.setup.marked": N_("Step of the first set-up marked"),
    "core.unit.added": N_("Site or department added"),
    "core.unit.changed": N_("Site or department changed"),
    "core.unit.moved": N_("Site or department moved"),
    "core.unit.closed": N_("Site or department closed"),
    "core.unit.reopened": N_("Site or department opened again"),
    "core.staff.added": N_("Staff member added"),
    "core.staff.changed": N_("Staff member changed"),
    "core.staff.left": N_("Staff member left"),
    "core.staff.returned": N_("Staff member came back"),
    "core.post.given": N_("Post given"),
    "core.post.ended": N_("Post ended"),
    "core.stand_in.named": N_("Stand-in named"),
    "core.stand_in.dropped": N_("Stand-in taken back"),
    "core.calendar.year_confirmed": N_("Days off of a year confirmed"),
    "core.calendar.day_set": N_("Day off or working day set"),
    "core.calendar.day_dropped": N_("Day follows its week again"),
    "core.calendar.hours_set": N_("Working hours set"),
    "core.user.added": N_("User added"),
    "core.user.closed": N_("User closed"),
    "core.user.opened": N_("User opened again"),
    "core.user.disabled": N_("User closed on the whole site"),
    "core.user.enabled": N_("User opened on the whole site"),
    "core.user.unlocked": N_("Lock-out lifted"),
    "core.user.password_reset": N_("New first password"),
    "core.user.signed_out": N_("Signed out everywhere"),
    "core.user.session_ended": N_("One sign-in ended"),
    "core.user.second_step_on": N_("Two-step sign-in switched on"),
    "core.user.second_step_off": N_("Two-step sign-in switched off"),
    "core.user.second_step_reset": N_("Two-step sign-in reset by an administrator"),
    "core.user.recovery_codes_made": N_("New recovery codes made"),
    "core.device.added": N_("Device added"),
    "core.device.code": N_("New pairing code made"),
    "core.device.paired": N_("Device paired"),
    "core.device.renamed": N_("Device renamed"),
    "core.device.revoked": N_("Device revoked"),
    "core.pin.set": N_("PIN chosen"),
    "core.pin.reset": N_("New first PIN"),
    "core.pin.dropped": N_("PIN removed"),
    "core.pin.unlocked": N_("Lock-out of a PIN lifted"),
    "core.grant.given": N_("Role given"),
    "core.grant.withdrawn": N_("Role taken back"),
    "core.role.saved": N_("Role saved"),
    "core.role.deleted": N_("Role deleted"),
    "core.view_as.started": N_("Looking as somebody else begun"),
    "core.view_as.ended": N_("Looking as somebody else ended"),
    "core.token.created": N_("Access token made"),
    "core.token.ended": N_("Access token ended"),
    "core.denied": N_("Refused for want of a right"),
    "core.party.reveal": N_("Whole phone number seen"),
    "core.party.merged": N_("Two customers merged"),
    "core.party.unmerged": N_("Customers parted again"),
    "core.import_applied": N_("Imported"),
    "core.import_undone": N_("Import undone"),
    "core.export": N_("Exported"),
    "core.view.shared": N_("Saved view shared"),
    "core.view.removed": N_("Shared view removed"),
    "core.bulk.run": N_("Many rows changed at once"),
    "core.bulk.undone": N_("Change of many rows taken back"),
    "core.settings.set": N_("Settings changed"),
    "core.settings.reset": N_("Settings back to the defaults"),
    "core.numbering.changed": N_("Rule of numbers changed"),
    "core.policy.published": N_("Version published"),
    "core.policy.withdrawn": N_("Version withdrawn"),
    "core.policy.chosen": N_("Regulation chosen"),
    "core.policy.imported": N_("Regulation imported as a draft"),
    "core.drill.saved": N_("Drill saved"),
    "core.drill.deleted": N_("Drill removed"),
    "core.deadline.retried": N_("Deadline tried again"),
    "core.plugin.installed": N_("App installed"),
    "core.plugin.upgraded": N_("App upgraded"),
    "core.plugin.failed": N_("App failed"),
    "core.plugin.enabled": N_("App switched on"),
    "core.plugin.disabled": N_("App switched off"),
    "core.plugin.uninstalled": N_("App uninstalled"),
    "core.auth.sealed": N_("Sign-in events sealed"),
    "core.auth.pruned": N_("Old sign-in events cleared"),
    "core.keys.rotated": N_("Keys rotated"),
    "core.keys.company_key_added": N_("Company key added"),
    "core.site.backed_up": N_("Backed up"),
    "core.site.restored": N_("Restored from a backup"),
    "core.site.deliveries_released": N_("Deliveries released"),
    "core.site.upgraded": N_("Site upgraded"),
}


@hookimpl
def register_ledger_actions() -> Sequence[LedgerAction]:
    """Everything that the core writes down."""
    return [LedgerAction(name=name, title=title) for name, title in ACTIONS.items()]


def _lines(s: Any, asked: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    from zhike.admin import ledger_export  # its words are the panel's, loaded when somebody reads

    return ledger_export.rows(s, asked)


@hookimpl
def register_exporters() -> Sequence[Exporter]:
    """The company's ledger, for who may read it."""
    return (
        Exporter(
            name="core.ledger",
            title=N_("Ledger"),
            permission="core.ledger.view",
            columns=(
                Column(key="seq", title=N_("No."), kind="integer"),
                Column(key="at", title=N_("Time"), kind="datetime"),
                Column(key="words", title=N_("In words")),
                Column(key="who", title=N_("Who")),
                Column(key="ip", title=N_("IP address")),
                Column(key="action", title=N_("Act")),
                Column(key="object", title=N_("Of what")),
                Column(key="result", title=N_("Result")),
                Column(key="reason", title=N_("Reason")),
                Column(key="body", title=N_("Contents")),
                Column(key="prev", title=N_("Hash of the line before")),
                Column(key="hash", title=N_("Hash of this line")),
            ),
            rows=_lines,
            filters=(
                Column(key="q", title=N_("Number, name, act or record")),
                Column(key="day", title=N_("Day"), kind="date"),
            ),
        ),
    )
