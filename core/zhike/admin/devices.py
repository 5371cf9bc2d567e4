"""Devices 设备: shared desks, paired with a code; and PINs that administrators hand out."""

from __future__ import annotations

import uuid

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from wtforms import SelectField, StringField
from wtforms.validators import InputRequired, Length

from zhike import clock
from zhike.admin.organisation import unit_choices
from zhike.db.session import CompanySession
from zhike.i18n import _
from zhike.models.device import Device
from zhike.models.organisation import Staff
from zhike.models.people import Role, RoleGrant
from zhike.services import access, devices, ledger, organisation, pins
from zhike.web.blueprint import CoreBlueprint
from zhike.web.context import act, current, reading
from zhike.web.form import PageForm
from zhike.web.page import keeping, options, page
from zhike.web.ui import Column, Empty, State, Table
from zhike.web.views.account import device_words

bp = CoreBlueprint("admin_devices", __name__, url_prefix="/admin/devices")
PERMISSION = "core.users"


class DeviceForm(PageForm):
    """A desk: where it stands and what may be done at it."""

    name = StringField(
        _l("Designation"), [InputRequired(), Length(max=40)], description=_l("Such as: front desk.")
    )
    unit_id = SelectField(_l("Where it stands"), [InputRequired()])
    role_id = SelectField(
        _l("Role of the desk"),
        [InputRequired()],
        description=_l("What anybody may do at it, whatever his own roles are."),
    )


class NameForm(PageForm):
    """Another name."""

    name = StringField(_l("Designation"), [InputRequired(), Length(max=40)])


def _state(row: Device) -> State:
    if row.revoked_at is not None:
        return State(_("revoked"), "void")
    if row.token_hash is not None:
        return State(_("paired"), "done")
    if row.code_until is not None and row.code_until > clock.now():
        return State(_("waits for its code"), "wait")
    return State(_("not paired"), "attention")


@bp.get("", permission=PERMISSION)
def all_devices() -> str:
    """The company's devices."""
    s = reading()
    units = organisation.tree(s).units
    roles = _roles_of_devices()
    table = Table(
        caption=_("Devices"),
        columns=(
            Column("name", _("Designation"), phone="title"),
            Column("unit", _("Where it stands")),
            Column("role", _("Role of the desk")),
            Column("acting", _("Acting now")),
            Column("seen_at", _("Last used"), kind="time"),
            Column("state", _("State"), kind="state", phone="state"),
        ),
        rows=[
            {
                "id": row.id,
                "name": row.name,
                "unit": units[row.unit_id].name if row.unit_id in units else "",
                "role": roles.get(row.user_id, ""),
                "acting": row.acting_name
                if row.acting_until is not None and row.acting_until > clock.now()
                else "",
                "seen_at": row.seen_at,
                "state": _state(row),
            }
            for row in devices.listed(s)
        ],
        row_url=lambda row: url_for("admin_devices.device", device_id=row["id"]),
        empty=Empty(
            _("No device yet"),
            _(
                "A shared desk signs in as itself; whoever acts there gives staff number and PIN. "
                "Nobody has to sign in and out between two visitors."
            ),
            url_for("admin_devices.new"),
            _("Add the first desk"),
            icon="pc-display",
        ),
    )
    return page(
        "zhike/admin/list.html",
        table=table,
        title=_("Devices"),
        lead=_("Shared desks, each with a site and a role of its own."),
        primary=(url_for("admin_devices.new"), _("New device")),
    )


def _roles_of_devices() -> dict[uuid.UUID, str]:
    rows = reading().execute(
        select(RoleGrant.user_id, Role.title, Role.preset)
        .join(Role, Role.id == RoleGrant.role_id)
        .where(RoleGrant.user_id.in_(select(Device.user_id)))
    )
    return {row.user_id: access.role_title(row.title, row.preset) for row in rows}


@bp.route("/new", methods=["GET", "POST"], permission=PERMISSION)
def new() -> ResponseReturnValue:
    """Add a device; the answer shows its pairing code, this once."""
    s = reading()
    form = DeviceForm()
    form.unit_id.choices = unit_choices(s)
    form.role_id.choices = options(
        (str(row.id), access.role_title(row.title, row.preset))
        for row in s.execute(
            select(Role.id, Role.title, Role.preset)
            .where(Role.is_admin.is_(False))
            .order_by(Role.title)
        )
    )
    if form.validate_on_submit():
        unit_id = uuid.UUID(form.unit_id.data)
        current().require(PERMISSION, unit_id)
        with keeping(form):
            made = act(
                lambda s: [
                    str(part)
                    for part in devices.add(
                        s,
                        name=form.name.data,
                        unit_id=unit_id,
                        role_id=uuid.UUID(form.role_id.data),
                    )
                ]
            )
            return _code_page(uuid.UUID(made[0]), made[1])
    return page(
        "zhike/admin/form.html",
        form=form,
        title=_("New device"),
        submit=_("Show the pairing code"),
        up=_("Devices"),
        cancel=url_for("admin_devices.all_devices"),
    ), (422 if request.method == "POST" else 200)


def _code_page(device_id: uuid.UUID, code: str) -> str:
    return page(
        "zhike/admin/device_code.html",
        device=devices.get(reading(), device_id),
        code=code,
        minutes=int(devices.CODE_VALID.total_seconds() // 60),
        address=url_for("core.pair", _external=True),
        fragment=False,
    )


@bp.route("/<uuid:device_id>", methods=["GET", "POST"], permission=PERMISSION)
def device(device_id: uuid.UUID) -> ResponseReturnValue:
    """One device: its name, its state, a new code, the end of it."""
    s = reading()
    row = devices.get(s, device_id)
    form = NameForm(obj=row)
    if form.validate_on_submit():
        current().require(PERMISSION, row.unit_id)
        with keeping(form):
            act(lambda s: devices.rename(s, device_id, form.name.data))
            flash(_("Saved."), "success")
            return redirect(url_for("admin_devices.device", device_id=device_id))
    units = organisation.tree(s).units
    return page(
        "zhike/admin/device.html",
        device=row,
        form=form,
        state=_state(row),
        unit=units[row.unit_id].name if row.unit_id in units else "",
        role=_roles_of_devices().get(row.user_id, ""),
        browser=device_words(row.agent) if row.agent else "",
        acting=row.acting_name
        if row.acting_until is not None and row.acting_until > clock.now()
        else "",
    ), (422 if request.method == "POST" else 200)


@bp.post("/<uuid:device_id>/code", permission=PERMISSION)
def code(device_id: uuid.UUID) -> ResponseReturnValue:
    """A new pairing code, shown this once."""
    current().require(PERMISSION, devices.get(reading(), device_id).unit_id)
    made = act(lambda s: devices.renew_code(s, device_id))
    return _code_page(device_id, made)


@bp.post("/<uuid:device_id>/revoke", permission=PERMISSION)
def revoke(device_id: uuid.UUID) -> ResponseReturnValue:
    """End a device at once."""
    current().require(PERMISSION, devices.get(reading(), device_id).unit_id)
    act(lambda s: devices.revoke(s, device_id))
    flash(_("The device is revoked. Its next page asks for a sign-in."), "success")
    return redirect(url_for("admin_devices.all_devices"))


@bp.post("/pins/<uuid:staff_id>/reset", permission=PERMISSION)
def reset_pin(staff_id: uuid.UUID) -> ResponseReturnValue:
    """Give a staff member a first PIN, shown this once; he has to choose his own at a desk."""
    me = current()
    assert me.company is not None
    row = reading().require(Staff, staff_id)
    name, number = row.name, row.number or row.name
    pin = pins.make()
    hashed = pins.hashed(me.site, me.company.id, staff_id, pin)

    def work(s: CompanySession) -> None:
        pins.store(s, staff_id, hashed, by="admin", must_change=True)
        devices.forgive(s, staff_id)

    act(work)
    return page(
        "zhike/admin/pin.html", name=name, number=number, pin=pin, staff_id=staff_id, fragment=False
    )


@bp.post("/pins/<uuid:staff_id>/drop", permission=PERMISSION)
def drop_pin(staff_id: uuid.UUID) -> ResponseReturnValue:
    """Take a PIN away."""
    act(lambda s: pins.drop(s, staff_id))
    flash(_("The PIN has been removed."), "success")
    return redirect(url_for("admin_organisation.staff", staff_id=staff_id))


@bp.post("/pins/<uuid:staff_id>/unlock", permission=PERMISSION)
def unlock_pin(staff_id: uuid.UUID) -> ResponseReturnValue:
    """Forget a person's wrong tries at every desk."""

    def work(s: CompanySession) -> None:
        s.require(Staff, staff_id)
        devices.forgive(s, staff_id)
        ledger.append(s, "core.pin.unlocked", object=f"core:staff:{staff_id}")

    act(work)
    flash(_("The wrong tries are forgotten."), "success")
    return redirect(url_for("admin_organisation.staff", staff_id=staff_id))
