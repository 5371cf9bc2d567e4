"""Imports and exports: reps, an existing customer ledger, the customer list."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from zhike.api import (
    N_,
    Checked,
    Column,
    CompanySession,
    Exporter,
    Importer,
    Party,
    Post,
    Problem,
    RecordRef,
    Staff,
    UserError,
    _,
    clock,
    organisation,
    parties,
    search,
    textkit,
)
from zhike_sales_floor import permissions as may
from zhike_sales_floor.models import Customer, Floor, Rep
from zhike_sales_floor.rules.state import Customer as Facts
from zhike_sales_floor.rules.state import Deal as DealFacts
from zhike_sales_floor.rules.state import Owning
from zhike_sales_floor.services import customers, floor, live
from zhike_sales_floor.services.project import fill_customer

LAPSE_KEY = "owner.contact_lapse_days"
_OWNERS = "sales_floor_import_owners"


def _unit(s: CompanySession, text: Any) -> uuid.UUID | None:
    """The site of this code or name; without one, the company's only site."""
    sites = organisation.tree(s).sites
    wanted = str(text or "").strip()
    if not wanted:
        return sites[0].id if len(sites) == 1 else None
    return next((one.id for one in sites if wanted in (one.code, one.name)), None)


def _staff(s: CompanySession, text: Any) -> uuid.UUID | None:
    """The staff member of this number or, where only one has it, this name."""
    wanted = str(text or "").strip()
    if not wanted:
        return None
    known: dict[str, uuid.UUID | None] = s.info.get(_OWNERS, {})
    if wanted in known:
        return known[wanted]
    found: Any = s.execute(
        select(Staff.id, Staff.number).where((Staff.number == wanted) | (Staff.name == wanted))
    ).all()
    by_number: list[uuid.UUID] = [row.id for row in found if row.number == wanted]
    only: list[uuid.UUID] = [row.id for row in found] if len(found) == 1 else []
    return next(iter(by_number or only), None)


# -- reps -------------------------------------------------------------------------------------

REP_COLUMNS = (
    Column(key="site", title=N_("Site"), example="A1", aliases=("案场", "案场编码", "门店")),
    Column(key="number", title=N_("Staff number"), example="1001", aliases=("工号", "员工号")),
    Column(
        key="name",
        title=N_("Name"),
        required=True,
        example="李敏",
        aliases=("姓名", "置业顾问", "销售代表"),
    ),
    Column(key="title", title=N_("Post"), example="置业顾问", aliases=("岗位", "职务")),
)


def check_rep(s: CompanySession, row: Mapping[str, Any]) -> Checked:
    """Whether a row names a person and a site."""
    problems = []
    unit_id = _unit(s, row.get("site"))
    if unit_id is None:
        problems.append(Problem(_("There is no such site."), "site"))
    name = textkit.nfkc(str(row.get("name") or ""))
    value = {
        "unit_id": unit_id,
        "number": str(row.get("number") or "").strip(),
        "name": name,
        "title": str(row.get("title") or "").strip() or "置业顾问",
    }
    return Checked(value, tuple(problems))


def find_rep(s: CompanySession, value: Mapping[str, Any]) -> RecordRef | None:
    """The staff member this row is about: by number, else by name."""
    found = _staff(s, value["number"]) or (None if value["number"] else _staff(s, value["name"]))
    return RecordRef("core", "staff", found) if found else None


def apply_rep(s: CompanySession, value: Mapping[str, Any], known: RecordRef | None) -> RecordRef:
    """Add the person where unknown, give the post, put him on the roster."""
    today = organisation.today(s, value["unit_id"])
    if known is None:
        person = organisation.add_staff(
            s, name=value["name"], number=value["number"] or None, joined_on=today
        )
        organisation.give_post(
            s, person.id, value["unit_id"], title=value["title"], valid_from=today
        )
        staff_id = person.id
    else:
        staff_id = known.id
    floor.add_reps(s, value["unit_id"], [staff_id])
    return RecordRef("core", "staff", staff_id)


# -- customers --------------------------------------------------------------------------------

CUSTOMER_COLUMNS = (
    Column(key="site", title=N_("Site"), example="A1", aliases=("案场", "案场编码")),
    Column(key="name", title=N_("Customer"), example="张伟", aliases=("客户姓名", "姓名", "客户")),
    Column(
        key="phone",
        title=N_("Phone"),
        example="13812345678",
        aliases=("电话", "手机", "联系电话", "手机号"),
    ),
    Column(
        key="owner",
        title=N_("Owner"),
        example="李敏",
        aliases=("归属顾问", "置业顾问", "归属", "接待人"),
        help=N_("Staff number or name"),
    ),
    Column(
        key="first_visit", title=N_("First visit"), kind="date", aliases=("首访日期", "来访日期")
    ),
    Column(
        key="last_contact",
        title=N_("Last contact"),
        kind="date",
        aliases=("最近联系", "最近跟进", "最后跟进日期"),
    ),
    Column(key="closed", title=N_("Signed on"), kind="date", aliases=("成交日期", "认购日期")),
    Column(key="grade", title=N_("Class"), example="B", aliases=("意向等级", "类别", "等级")),
    Column(key="source", title=N_("Source"), aliases=("来源", "认知途径")),
    Column(key="note", title=N_("Notes"), aliases=("备注", "需求")),
)


def look_ahead(s: CompanySession, rows: Sequence[Mapping[str, Any]]) -> None:
    """The owners and the telephones of many rows at once; an import adds no staff."""
    parties.look_ahead(s, (str(row.get("phone") or "") for row in rows))
    known: dict[str, uuid.UUID | None] = s.info.setdefault(_OWNERS, {})
    for text in {str(row.get("owner") or "").strip() for row in rows} - known.keys():
        known[text] = _staff(s, text)


def check_customer(s: CompanySession, row: Mapping[str, Any]) -> Checked:
    """Whether a row names a customer, a site, and an owner of that site's roster."""
    problems: list[Problem] = []
    unit_id = _unit(s, row.get("site"))
    if unit_id is None:
        problems.append(Problem(_("There is no such site."), "site"))
    name, phone = textkit.nfkc(str(row.get("name") or "")), str(row.get("phone") or "").strip()
    if not name and not phone:
        problems.append(Problem(_("Please give a name or a telephone number."), "name"))
    parsed = textkit.normalise_phone(phone) if phone else None
    if phone and parsed is None:
        problems.append(Problem(_("This does not look like a telephone number."), "phone"))
    owner = _staff(s, row.get("owner"))
    if str(row.get("owner") or "").strip() and owner is None:
        problems.append(Problem(_("There is no staff member of this number or name."), "owner"))
    grade = str(row.get("grade") or "").strip().upper()
    if grade and grade not in customers.GRADES:
        problems.append(Problem(_("Please choose a class from A to D."), "grade"))
    first, last = row.get("first_visit"), row.get("last_contact")
    today = organisation.today(s, unit_id)
    for key in ("first_visit", "last_contact", "closed"):
        if isinstance(row.get(key), date) and row[key] > today:
            problems.append(Problem(_("This date lies in the future."), key))
    if owner is not None and not (last or first):
        problems.append(
            Problem(
                _("Without a date of contact the protection begins today."),
                "last_contact",
                warning=True,
            )
        )
    value = {
        "unit_id": unit_id,
        "name": name,
        "phone": phone,
        "phone_key": parsed.e164 if parsed else "",
        "owner": owner,
        "first_visit": first,
        "last_contact": last,
        "closed": row.get("closed"),
        "grade": grade,
        "source": str(row.get("source") or "").strip(),
        "note": str(row.get("note") or "").strip(),
    }
    if find_customer(s, value) is not None:
        problems.append(Problem(_("This customer is registered at the site already."), "phone"))
    return Checked(value, tuple(problems))


def find_customer(s: CompanySession, value: Mapping[str, Any]) -> RecordRef | None:
    """The party with this phone that is a customer of this site."""
    if not value["phone"] or value["unit_id"] is None:
        return None
    for party in parties.find_by_phone(s, value["phone"]):
        if customers.of_party(s, value["unit_id"], party.id) is not None:
            return RecordRef("core", "party", party.id)
    return None


def apply_customer(
    s: CompanySession, value: Mapping[str, Any], existing: RecordRef | None
) -> RecordRef:
    """Register the customer with owner and last contact, as given by the old ledger."""
    if existing is not None:
        raise UserError(_("This customer is registered at the site already."), field="phone")
    known = parties.find_by_phone(s, value["phone"]) if value["phone"] else []
    party = (
        known[0]
        if known
        else parties.create(
            s,
            name=value["name"],
            phone=value["phone"],
            owner_unit_id=value["unit_id"],
            source=value["source"],
        )
    )
    row = Customer(
        unit_id=value["unit_id"],
        party_id=party.id,
        grade=value["grade"],
        source=value["source"],
        follow_up_note=value["note"],
        facts={},
        first_visit_on=value["first_visit"],
    )
    zone = ZoneInfo(live.tz_of(s, value["unit_id"]))
    fill_customer(
        row, _given(str(row.id), value, zone), lapse_days=_lapse_days(s, value["unit_id"])
    )
    s.add(row)
    return RecordRef("core", "party", party.id)


def forget_party(s: CompanySession, ref: RecordRef) -> None:
    """After an undo: a party that is gone is no longer found by name."""
    if s.find(Party, ref.id) is None:
        search.remove(s, "core.party", ref.id)


def _lapse_days(s: CompanySession, unit_id: uuid.UUID) -> int | None:
    from zhike.api import policies

    resolved = policies.in_force(s, live.PLUGIN, unit_id, clock.now())
    days = resolved.policy.get(LAPSE_KEY)
    return None if days is None else int(days)


def _given(key: str, value: Mapping[str, Any], zone: ZoneInfo) -> Facts:
    """The engine's facts of a customer whose history began before the software."""
    owner = value["owner"]
    if owner is None:
        return Facts(key)
    rep = str(owner)

    def text(day: date) -> str:
        return datetime.combine(day, time(12), zone).isoformat(timespec="seconds")

    today = clock.local(clock.now(), str(zone)).date()
    first = value["first_visit"] or value["last_contact"] or today
    last = value["last_contact"] or value["first_visit"] or today
    deals: tuple[DealFacts, ...] = ()
    if value["closed"]:
        at = text(value["closed"])
        deals = (
            DealFacts(
                f"{key}/given", at, 0, {"subscription": at}, 0, True, {rep: 10_000}, {rep: 10_000}
            ),
        )
    return Facts(
        key, (Owning(rep, text(first), 0, "given"),), {rep: text(max(first, last))}, deals=deals
    )


IMPORTERS = (
    Importer(
        name="sales_floor.reps",
        title=N_("Reps of the roster"),
        permission=may.IMPORT,
        columns=REP_COLUMNS,
        validate=check_rep,
        apply=apply_rep,
        find_existing=find_rep,
        key=("number", "name"),
        models=(Staff, Post, Rep, Floor),
    ),
    Importer(
        name="sales_floor.customer_ledger",
        title=N_("Existing customer ledger"),
        permission=may.IMPORT,
        columns=CUSTOMER_COLUMNS,
        validate=check_customer,
        apply=apply_customer,
        find_existing=find_customer,
        key=("unit_id", "phone_key"),
        models=(Party, Customer),
        ahead=look_ahead,
        undone=forget_party,
    ),
)


# -- exports ----------------------------------------------------------------------------------


def customer_lines(s: CompanySession, filters: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The customers of the site named in ``filters``, narrowed as the list was."""
    from zhike_sales_floor.services import sheets

    def maybe(key: str) -> uuid.UUID | None:
        return uuid.UUID(str(filters[key])) if filters.get(key) else None

    wanted = customers.Filter(
        owner=maybe("owner"),
        own=maybe("own"),
        grade=str(filters.get("grade", "")),
        stage=str(filters.get("stage", "")),
        due=str(filters.get("due", "")),
        text=str(filters.get("text", "")),
    )
    unit_id = maybe("unit")
    units = [unit_id] if unit_id else [one.id for one in organisation.tree(s).sites]
    for one in units:
        yield from sheets.customer_rows(s, one, wanted)


EXPORTERS = (
    Exporter(
        name="sales_floor.customers",
        title=N_("Customers"),
        permission=may.EXPORT,
        columns=(
            Column(key="name", title=N_("Customer")),
            Column(key="phone", title=N_("Phone")),
            Column(key="owner", title=N_("Owner")),
            Column(key="grade", title=N_("Class")),
            Column(key="stage", title=N_("Stage")),
            Column(key="first_visit_on", title=N_("First visit"), kind="date"),
            Column(key="last_contact_on", title=N_("Last contact"), kind="date"),
            Column(key="protected_until", title=N_("Protected until"), kind="date"),
            Column(key="follow_up_on", title=N_("Follow up on"), kind="date"),
            Column(key="follow_up_note", title=N_("What about")),
        ),
        rows=customer_lines,
        filters=(
            Column(key="unit", title=N_("Site")),
            Column(key="text", title=N_("Last four digits, pinyin or name")),
            Column(key="grade", title=N_("Class"), kind="choice", choices=customers.GRADES),
        ),
    ),
)
