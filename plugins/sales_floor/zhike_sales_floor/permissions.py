"""What may be granted on a sales floor, and the five roles suggested for it."""

from __future__ import annotations

from zhike.api import N_, Permission, RolePreset

VIEW_BOARD = "sales_floor.view_board"
ARRIVE = "sales_floor.arrive"
SELF = "sales_floor.self"
MANAGE = "sales_floor.manage"
OVERRIDE = "sales_floor.override"
RULE = "sales_floor.rule"
VOID_CONFIRM = "sales_floor.void_confirm"
REPORT = "sales_floor.report"
RECLASS = "sales_floor.reclass"
DAY = "sales_floor.day"
ROSTER = "sales_floor.roster"
CALLS = "sales_floor.calls"
OFFICE = "sales_floor.office"
SIGN = "sales_floor.sign"
CUSTOMER_VIEW = "sales_floor.customer_view"
CUSTOMER_EDIT = "sales_floor.customer_edit"
CUSTOMER_REVEAL = "sales_floor.customer_reveal"
CLOSING = "sales_floor.closing"
FOLLOW_UP_LEAD = "sales_floor.follow_up_lead"
POINTS = "sales_floor.points"
REGISTERS = "sales_floor.registers"
HOUSES = "sales_floor.houses"
SALES_CONTROL = "sales_floor.sales_control"
EXPORT = "sales_floor.export"
IMPORT = "sales_floor.import"
FIGURES = "sales_floor.figures"
CLAIM = "sales_floor.claim"
MERGE = "sales_floor.merge"
ENTER_AFTERWARDS = "sales_floor.enter_afterwards"
SET_FLOOR = "sales_floor.set_floor"

PERMISSIONS: tuple[Permission, ...] = (
    Permission(name=VIEW_BOARD, title=N_("See the floor board"), weight=10),
    Permission(
        name=ARRIVE, title=N_("Receive arrivals at the desk"), implies=(VIEW_BOARD,), weight=20
    ),
    Permission(
        name=SELF,
        title=N_("Sign in and out, work with one's own visitors"),
        implies=(VIEW_BOARD,),
        weight=30,
    ),
    Permission(
        name=MANAGE,
        title=N_("Run the floor: sign others in and out, hand over, end visits"),
        implies=(VIEW_BOARD,),
        weight=40,
    ),
    Permission(name=REPORT, title=N_("Report a wrong turn or a poached visitor"), weight=50),
    Permission(name=VOID_CONFIRM, title=N_("Confirm that a visitor is no customer"), weight=60),
    Permission(name=RECLASS, title=N_("Re-class an absence and log relation proofs"), weight=70),
    Permission(
        name=OVERRIDE, title=N_("Override a decision, with a reason"), risk="critical", weight=80
    ),
    Permission(name=RULE, title=N_("Rule on a case"), risk="critical", weight=90),
    Permission(name=DAY, title=N_("Open and close the day"), weight=100),
    Permission(name=ROSTER, title=N_("Change the roster, leave and transfers"), weight=110),
    Permission(name=CALLS, title=N_("Enter calls"), weight=115),
    Permission(
        name=OFFICE,
        title=N_("Keep minutes, check tracking, receive plans and hand-ins, log incidents"),
        weight=116,
    ),
    Permission(
        name=SIGN, title=N_("Sign minutes and close statistics"), implies=(OFFICE,), weight=117
    ),
    Permission(name=CUSTOMER_VIEW, title=N_("See customers"), weight=120),
    Permission(
        name=CUSTOMER_EDIT,
        title=N_("Work with customers: contacts, follow-ups, relations"),
        implies=(CUSTOMER_VIEW,),
        weight=130,
    ),
    Permission(
        name=CUSTOMER_REVEAL,
        title=N_("See a customer's whole phone number"),
        risk="sensitive",
        implies=(CUSTOMER_VIEW,),
        weight=140,
    ),
    Permission(
        name=CLOSING,
        title=N_("Record reservations, closings and refunds"),
        implies=(CUSTOMER_VIEW, HOUSES),
        weight=150,
    ),
    Permission(name=HOUSES, title=N_("See the sales control"), weight=152),
    Permission(
        name=SALES_CONTROL,
        title=N_("Keep the sales control: units, prices, holding back; be told of each change"),
        implies=(HOUSES,),
        weight=154,
    ),
    Permission(
        name=FOLLOW_UP_LEAD,
        title=N_("Lead the follow-ups: everybody's cycle, stand-ins, answers to problems"),
        implies=(CUSTOMER_VIEW,),
        weight=156,
    ),
    Permission(
        name=POINTS,
        title=N_("Confirm or waive performance points"),
        risk="sensitive",
        weight=158,
    ),
    Permission(name=REGISTERS, title=N_("See and print the registers"), weight=160),
    Permission(
        name=EXPORT, title=N_("Export registers and customers"), risk="sensitive", weight=170
    ),
    Permission(name=IMPORT, title=N_("Import reps and customers"), risk="sensitive", weight=180),
    Permission(
        name=FIGURES,
        title=N_("See the reports: turns, conversion, waiting, what is overdue"),
        implies=(CUSTOMER_VIEW,),
        weight=190,
    ),
    Permission(name=CLAIM, title=N_("Claim customers from the public pool"), weight=200),
    Permission(
        name=MERGE,
        title=N_("Merge two records of one customer"),
        risk="critical",
        implies=(CUSTOMER_VIEW,),
        weight=210,
    ),
    Permission(
        name=ENTER_AFTERWARDS,
        title=N_("Enter afterwards what was kept on paper"),
        implies=(VIEW_BOARD,),
        weight=300,
    ),
    Permission(
        name=SET_FLOOR,
        title=N_("Set ring and tickets by hand, cut over from paper"),
        risk="critical",
        implies=(VIEW_BOARD,),
        weight=310,
    ),
)

_REP = (
    VIEW_BOARD,
    SELF,
    REPORT,
    CALLS,
    CUSTOMER_VIEW,
    CUSTOMER_EDIT,
    HOUSES,
    FIGURES,
    CLAIM,
)
_SUPERVISOR = (
    *_REP,
    ARRIVE,
    MANAGE,
    OFFICE,
    VOID_CONFIRM,
    RECLASS,
    FOLLOW_UP_LEAD,
    REGISTERS,
    ENTER_AFTERWARDS,
)

ROLES: tuple[RolePreset, ...] = (
    RolePreset(
        name="sales_floor.desk",
        title=N_("Front desk"),
        scope="unit",
        weight=10,
        permissions=(
            VIEW_BOARD,
            ARRIVE,
            MANAGE,
            REPORT,
            CALLS,
            CUSTOMER_VIEW,
            HOUSES,
            REGISTERS,
            ENTER_AFTERWARDS,
        ),
    ),
    RolePreset(
        name="sales_floor.rep",
        title=N_("Sales consultant"),
        scope="own",
        weight=20,
        permissions=_REP,
    ),
    RolePreset(
        name="sales_floor.supervisor",
        title=N_("Supervisor"),
        scope="unit",
        weight=30,
        permissions=_SUPERVISOR,
    ),
    RolePreset(
        name="sales_floor.manager",
        title=N_("Sales manager"),
        scope="unit_tree",
        weight=40,
        permissions=tuple(item.name for item in PERMISSIONS),
    ),
    RolePreset(
        name="sales_floor.assistant",
        title=N_("Sales assistant"),
        scope="unit",
        weight=50,
        permissions=(
            VIEW_BOARD,
            CALLS,
            OFFICE,
            CUSTOMER_VIEW,
            CUSTOMER_EDIT,
            CLOSING,
            SALES_CONTROL,
            REGISTERS,
            EXPORT,
            IMPORT,
        ),
    ),
)
