"""Imports and exports: reps, an existing customer ledger, the customer list."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
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
    numbering,
    organisation,
    parties,
    policies,
    search,
    textkit,
    uuid7,
)
from zhike.rules import from_json
from zhike_sales_floor import forms
from zhike_sales_floor import permissions as may
from zhike_sales_floor.models import Credit, Customer, Deal, Floor, Rep
from zhike_sales_floor.rules.state import Customer as Facts
from zhike_sales_floor.rules.state import Deal as DealFacts
from zhike_sales_floor.rules.state import Owning
from zhike_sales_floor.services import customers, floor, live
from zhike_sales_floor.services.project import fill_customer

_OWNERS = "sales_floor_import_owners"

#: Nothing in a ledger is older than this; an earlier date is a slip of the pen.
EARLIEST = customers.EARLIEST


def unit_of(s: CompanySession, text: Any, problems: list[Problem]) -> uuid.UUID | None:
    """The site of this code or name; without one, the company's only site."""
    sites = organisation.tree(s).sites
    wanted = textkit.nfkc(_text(text))
    if not wanted and len(sites) > 1:
        problems.append(Problem(_("Please name the site: the company has more than one."), "site"))
        return None
    if not wanted and sites:
        return sites[0].id
    by_code = [one.id for one in sites if textkit.nfkc(one.code) == wanted]
    by_name = [one.id for one in sites if textkit.nfkc(one.name) == wanted]
    found = by_code or (by_name if len(by_name) == 1 else [])
    if not found:
        problems.append(Problem(_("There is no such site."), "site"))
    return next(iter(found), None)


def _text(value: Any) -> str:
    return str(value or "").strip()


def staff_of(s: CompanySession, text: Any) -> uuid.UUID | None:
    """The staff member of this number or, where only one has it, this name."""
    wanted = str(text or "").strip()
    if not wanted:
        return None
    known: dict[str, uuid.UUID | None] = s.info.get(_OWNERS, {})
    if wanted in known:
        return known[wanted]
    found = _called(s, wanted)
    by_number = [row for row in found if row.number == wanted]
    only = found if len(found) == 1 else []
    return next((row.id for row in by_number or only), None)


def _called(s: CompanySession, text: str) -> Sequence[Staff]:
    """Everybody of this staff number or name."""
    return s.scalars(select(Staff).where((Staff.number == text) | (Staff.name == text))).all()


# -- reps -------------------------------------------------------------------------------------

SITE_HELP = N_("Code or name of the site; needed where the company has more than one")

REP_COLUMNS = (
    Column(
        key="site",
        title=N_("Site"),
        example="A1",
        aliases=("案场", "案场编码", "门店"),
        help=SITE_HELP,
        longest=60,
    ),
    Column(
        key="number",
        title=N_("Staff number"),
        example="1001",
        aliases=("工号", "员工号"),
        longest=20,
    ),
    Column(
        key="name",
        title=N_("Name"),
        required=True,
        example="李敏",
        aliases=("姓名", "置业顾问", "销售代表"),
        longest=60,
    ),
    Column(key="title", title=N_("Post"), example="置业顾问", aliases=("岗位", "职务"), longest=40),
)


def check_rep(s: CompanySession, row: Mapping[str, Any]) -> Checked:
    """Whether a row names a person and a site, and which person where names are shared."""
    problems: list[Problem] = []
    unit_id = unit_of(s, row.get("site"), problems)
    name, number = textkit.nfkc(_text(row.get("name"))), _text(row.get("number"))
    if number:
        holder = s.scalars(select(Staff).where(Staff.number == number)).first()
        if holder is not None and textkit.nfkc(holder.name) != name:
            problems.append(
                Problem(_("This staff number belongs to %(name)s.", name=holder.name), "number")
            )
    elif len([one for one in _called(s, name) if one.name == name]) > 1:
        problems.append(
            Problem(_("Several staff members have this name: please give the number."), "number")
        )
    value = {
        "unit_id": unit_id,
        "number": number,
        "name": name,
        "identity": number or name,
        "title": _text(row.get("title")) or "置业顾问",
    }
    return Checked(value, tuple(problems))


def find_rep(s: CompanySession, value: Mapping[str, Any]) -> RecordRef | None:
    """The staff member this row is about: by number, else by name."""
    found = staff_of(s, value["number"]) or (
        None if value["number"] else staff_of(s, value["name"])
    )
    return RecordRef("core", "staff", found) if found else None


def apply_rep(s: CompanySession, value: Mapping[str, Any], known: RecordRef | None) -> RecordRef:
    """Add the person where unknown, the post where he has none here, and put him on the roster."""
    today = organisation.today(s, value["unit_id"])
    if known is None:
        staff_id = organisation.add_staff(
            s, name=value["name"], number=value["number"] or None, joined_on=today
        ).id
    else:
        staff_id = known.id
    if value["unit_id"] not in organisation.units_of(s, staff_id, today):
        organisation.give_post(
            s, staff_id, value["unit_id"], title=value["title"], valid_from=today
        )
    floor.add_reps(s, value["unit_id"], [staff_id])
    return RecordRef("core", "staff", staff_id)


# -- customers --------------------------------------------------------------------------------

CUSTOMER_COLUMNS = (
    Column(
        key="site",
        title=N_("Site"),
        example="A1",
        aliases=("案场", "案场编码"),
        help=SITE_HELP,
        longest=60,
    ),
    Column(
        key="name",
        title=N_("Customer"),
        example="张伟",
        aliases=("客户姓名", "姓名", "客户"),
        longest=60,
    ),
    Column(
        key="phone",
        title=N_("Phone"),
        example="13812345678",
        aliases=("电话", "手机", "联系电话", "手机号"),
        longest=40,
    ),
    Column(
        key="owner",
        title=N_("Owner"),
        example="李敏",
        aliases=("归属顾问", "置业顾问", "归属", "接待人"),
        help=N_("Staff number or name"),
        longest=60,
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
    Column(key="source", title=N_("Source"), aliases=("来源", "认知途径"), longest=60),
    Column(key="note", title=N_("Notes"), aliases=("备注", "需求"), longest=forms.NOTE),
)


def look_ahead(s: CompanySession, rows: Sequence[Mapping[str, Any]]) -> None:
    """The owners and the telephones of many rows at once; an import adds no staff."""
    parties.look_ahead(s, (str(row.get("phone") or "") for row in rows))
    known: dict[str, uuid.UUID | None] = s.info.setdefault(_OWNERS, {})
    for text in {str(row.get("owner") or "").strip() for row in rows} - known.keys():
        known[text] = staff_of(s, text)


def check_customer(s: CompanySession, row: Mapping[str, Any]) -> Checked:
    """Whether a row names a customer, a site, and an owner of that site's roster."""
    problems: list[Problem] = []
    unit_id = unit_of(s, row.get("site"), problems)
    name, phone = textkit.nfkc(_text(row.get("name"))), _text(row.get("phone"))
    if not name and not phone:
        problems.append(Problem(_("Please give a name or a telephone number."), "name"))
    parsed = textkit.normalise_phone(phone) if phone else None
    if phone and parsed is None:
        problems.append(Problem(_("This does not look like a telephone number."), "phone"))
    owner = staff_of(s, row.get("owner"))
    if _text(row.get("owner")) and owner is None:
        problems.append(Problem(_("There is no staff member of this number or name."), "owner"))
    elif owner is not None and unit_id is not None and owner not in floor.reps_of(s, unit_id):
        problems.append(Problem(_("The owner is not on the roster of this site."), "owner"))
    grade = _text(row.get("grade")).upper()
    if grade and grade not in customers.GRADES:
        problems.append(Problem(_("Please choose a class from A to D."), "grade"))
    first, last, closed = (row.get(key) for key in DATES)
    problems += _dates(row, organisation.today(s, unit_id))
    if closed and owner is None and not _text(row.get("owner")):
        problems.append(
            Problem(
                _("Without an owner the signing is not kept: it would be nobody's."),
                "closed",
                warning=True,
            )
        )
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
        "identity": parsed.e164 if parsed else name,
        "owner": owner,
        "first_visit": first,
        "last_contact": last,
        "closed": closed,
        "grade": grade,
        "source": _text(row.get("source")),
        "note": _text(row.get("note")),
    }
    if find_customer(s, value) is not None:
        problems.append(Problem(_("This customer is registered at the site already."), "phone"))
    elif name and not phone and parties.find_by_name(s, name, limit=1):
        problems.append(
            Problem(_("A customer of this name is known already."), "name", warning=True)
        )
    return Checked(value, tuple(problems))


DATES = ("first_visit", "last_contact", "closed")


def _dates(row: Mapping[str, Any], today: date) -> Iterator[Problem]:
    """What is wrong with a row's days, one by one and in their order."""
    for key in DATES:
        day = row.get(key)
        if day is None:
            continue
        if day > today:
            yield Problem(_("This date lies in the future."), key)
        elif day < EARLIEST:
            yield Problem(_("This date lies before %(day)s.", day=EARLIEST), key)
    first = row.get("first_visit")
    for key in ("last_contact", "closed"):
        day = row.get(key)
        if first and day and day < first:
            yield Problem(_("This date lies before the first visit."), key)


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
    fill_customer(row, _given(str(row.id), value, zone), _params(s, value["unit_id"]))
    s.add(row)
    return RecordRef("core", "party", party.id)


def forget_party(s: CompanySession, ref: RecordRef) -> None:
    """After an undo: a party that is gone is no longer found by name."""
    if s.find(Party, ref.id) is None:
        search.remove(s, "core.party", ref.id)


def _params(s: CompanySession, unit_id: uuid.UUID) -> Mapping[str, Any]:
    return policies.in_force(s, live.PLUGIN, unit_id, clock.now()).policy.params


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


REPS, LEDGER = (
    Importer(
        name="sales_floor.reps",
        title=N_("Reps of the roster"),
        permission=may.IMPORT,
        columns=REP_COLUMNS,
        validate=check_rep,
        apply=apply_rep,
        find_existing=find_rep,
        key=("identity",),
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
        key=("unit_id", "identity"),
        models=(Party, Customer),
        ahead=look_ahead,
        undone=forget_party,
    ),
)

# -- deals that are open ----------------------------------------------------------------------

DEAL_STEPS = {"小订": "small_reservation", "认购": "subscription"}
DEAL_COLUMNS = (
    CUSTOMER_COLUMNS[0],
    Column(key="name", title=N_("Customer"), example="张伟", aliases=("客户姓名",), longest=60),
    Column(
        key="phone",
        title=N_("Phone"),
        example="13812345678",
        aliases=("电话", "手机", "联系电话"),
        longest=40,
    ),
    Column(key="property", title=N_("Property"), example="3-1201", aliases=("房号",), longest=60),
    Column(
        key="step",
        title=N_("Step"),
        kind="choice",
        choices=tuple(DEAL_STEPS),
        required=True,
        example="小订",
        aliases=("阶段",),
    ),
    Column(
        key="on", title=N_("Signed on"), kind="date", required=True, aliases=("日期", "签订日期")
    ),
    Column(key="amount", title=N_("Price"), kind="money", aliases=("总价", "金额", "成交金额")),
    Column(
        key="rep",
        title=N_("Papers handled by"),
        example="李敏",
        aliases=("经办人",),
        help=N_("Staff number or name"),
        longest=60,
    ),
    Column(key="number", title=N_("Number"), aliases=("单号", "编号"), longest=40),
)


def check_deal(s: CompanySession, row: Mapping[str, Any]) -> Checked:
    """Whether a row names a customer of the site, a step and a day that has been."""
    problems: list[Problem] = []
    unit_id = unit_of(s, row.get("site"), problems)
    customer_id = _deal_customer(s, unit_id, row, problems)
    step = DEAL_STEPS.get(row.get("step") or "", "")
    on, amount = row.get("on"), row.get("amount") or 0
    if on and on > organisation.today(s, unit_id):
        problems.append(Problem(_("This date lies in the future."), "on"))
    elif on and on < EARLIEST:
        problems.append(Problem(_("This date lies before %(day)s.", day=EARLIEST), "on"))
    if amount < 0:
        problems.append(Problem(_("A price cannot be negative."), "amount"))
    rep = staff_of(s, row.get("rep"))
    if _text(row.get("rep")) and rep is None:
        problems.append(Problem(_("There is no staff member of this number or name."), "rep"))
    customer = s.find(Customer, customer_id)
    if customer is not None and step == "subscription":
        if customer.owner_id is None:
            problems.append(
                Problem(_("Nobody owns this customer: whose deal would it be?"), "name")
            )
        elif customer.stage == "closed":
            problems.append(Problem(_("This customer has signed already."), "step"))
    number = _text(row.get("number"))
    if number and s.scalar(select(Deal.id).where(Deal.number == number).limit(1)):
        problems.append(Problem(_("There is a deal of this number already."), "number"))
    value = {
        "unit_id": unit_id,
        "customer": customer_id,
        "property": _text(row.get("property")),
        "step": step,
        "on": on,
        "amount": amount,
        "rep": rep,
        "number": number,
    }
    return Checked(value, tuple(problems))


def _deal_customer(
    s: CompanySession,
    unit_id: uuid.UUID | None,
    row: Mapping[str, Any],
    problems: list[Problem],
) -> uuid.UUID | None:
    phone, name = _text(row.get("phone")), textkit.nfkc(_text(row.get("name")))
    if not phone and not name:
        problems.append(Problem(_("Please give a name or a telephone number."), "name"))
        return None
    if unit_id is None:
        return None
    known = (
        [party.id for party in parties.find_by_phone(s, phone)]
        if phone
        else [hit.id for hit in parties.find_by_name(s, name, limit=3)]
    )
    here = [found for one in known if (found := customers.of_party(s, unit_id, one)) is not None]
    if len(here) == 1:
        return here[0]
    column = "phone" if phone else "name"
    if here:
        problems.append(
            Problem(_("Several customers have this name: please give the phone."), column)
        )
    else:
        problems.append(Problem(_("This person is no customer of this site."), column))
    return None


def apply_deal(
    s: CompanySession, value: Mapping[str, Any], existing: RecordRef | None
) -> RecordRef:
    """Register a deal that began on paper: reserved, or closed with the whole credit its owner's.

    The engine knows it from the customer's facts, as given; a later step of it is computed.
    """
    unit_id, customer = value["unit_id"], s.require(Customer, value["customer"])
    zone = ZoneInfo(live.tz_of(s, unit_id))
    at = datetime.combine(value["on"], time(12), zone)
    closed = value["step"] == "subscription"
    deal = Deal(
        id=uuid7(),
        unit_id=unit_id,
        number=value["number"] or numbering.take(s, "sales_floor.deal", unit_id, value["on"]),
        customer_id=customer.id,
        property=value["property"],
        amount_fen=value["amount"],
        state="closed" if closed else "reserved",
        staff_id=value["rep"],
        policy_version_id=policies.in_force(s, live.PLUGIN, unit_id, clock.now()).version_id,
        reserved_at=None if closed else at,
        closed_at=at if closed else None,
    )
    s.add(deal)
    text = at.isoformat(timespec="seconds")
    owner = {str(customer.owner_id): 10_000} if closed else {}
    made = DealFacts(str(deal.id), text, 0, {value["step"]: text}, 0, closed, owner, owner)
    facts = from_json(Facts, customer.facts) if customer.facts else Facts(str(customer.id))
    facts = replace(facts, deals=(*facts.deals, made))
    fill_customer(customer, facts, _params(s, unit_id))
    if closed:
        s.flush()  # the deal it belongs to must be there first
        s.add(
            Credit(
                deal_id=deal.id,
                staff_id=customer.owner_id,
                performance=10_000,
                commission=10_000,
                rules=[],
                at=at,
            )
        )
    return RecordRef(live.PLUGIN, "deal", deal.id)


OPEN_DEALS = Importer(
    name="sales_floor.open_deals",
    title=N_("Open deals"),
    permission=may.IMPORT,
    columns=DEAL_COLUMNS,
    validate=check_deal,
    apply=apply_deal,
    key=("number",),
    models=(Customer, Deal, Credit),
)

IMPORTERS = (REPS, LEDGER, OPEN_DEALS)


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
        ids=tuple(uuid.UUID(one) for one in str(filters.get("ids", "")).split(",") if one),
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
