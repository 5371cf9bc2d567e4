"""Menu entries and the cards of the Today page."""

from __future__ import annotations

from typing import Any

from flask import render_template, url_for

from zhike.api import N_, DashboardCard, MenuItem, organisation, reading
from zhike_sales_floor import permissions as may
from zhike_sales_floor import words
from zhike_sales_floor.services import board as boards
from zhike_sales_floor.services import customers, follow_up_board, follow_ups


def follow_ups_left(me: Any) -> int:
    """How many of my customers are still to be contacted in the running cycle."""
    if me.unit is None or me.staff is None:
        return 0
    s = reading()
    found = follow_ups.standing(s, me.unit.id)
    return follow_up_board.left_count(s, me.unit.id, me.staff.id, found) if found.cycle else 0


MENU = (
    MenuItem(
        name="sales_floor.my_day",
        title=N_("My day"),
        endpoint="sales_floor.my_day",
        permission=may.SELF,
        section="today",
        icon="phone",
        weight=10,
    ),
    MenuItem(
        name="sales_floor.my_papers",
        title=N_("My papers"),
        endpoint="sales_floor.my_papers",
        permission=may.SELF,
        section="today",
        icon="journal-check",
        weight=20,
    ),
    MenuItem(
        name="sales_floor.board",
        title=N_("Floor board"),
        endpoint="sales_floor.home",
        permission=may.VIEW_BOARD,
        section="work",
        icon="kanban",
        weight=10,
    ),
    MenuItem(
        name="sales_floor.day",
        title=N_("Day and absences"),
        endpoint="sales_floor.day_home",
        permission=may.VIEW_BOARD,
        section="work",
        icon="calendar-day",
        weight=20,
    ),
    MenuItem(
        name="sales_floor.calls",
        title=N_("Call register"),
        endpoint="sales_floor.calls_home",
        permission=may.CALLS,
        section="work",
        icon="telephone-inbound",
        weight=15,
    ),
    MenuItem(
        name="sales_floor.customers",
        title=N_("Customers"),
        endpoint="sales_floor.customers_home",
        permission=may.CUSTOMER_VIEW,
        section="customers",
        icon="people",
        weight=10,
    ),
    MenuItem(
        name="sales_floor.pool",
        title=N_("Public pool"),
        endpoint="sales_floor.pool_home",
        permission=may.CLAIM,
        section="customers",
        icon="water",
        weight=30,
    ),
    MenuItem(
        name="sales_floor.dockets",
        title=N_("Disputes"),
        endpoint="sales_floor.dockets_home",
        permission=may.REPORT,
        section="customers",
        icon="exclamation-diamond",
        weight=50,
    ),
    MenuItem(
        name="sales_floor.duplicates",
        title=N_("Duplicates"),
        endpoint="sales_floor.duplicates_home",
        permission=may.MERGE,
        section="customers",
        icon="person-check",
        weight=60,
    ),
    MenuItem(
        name="sales_floor.tracking",
        title=N_("Tracking sheets"),
        endpoint="sales_floor.tracking_home",
        permission=may.CUSTOMER_EDIT,
        section="customers",
        icon="binoculars",
        weight=15,
    ),
    MenuItem(
        name="sales_floor.follow_ups",
        title=N_("Customer follow-up"),
        endpoint="sales_floor.follow_ups_home",
        permission=may.CUSTOMER_EDIT,
        section="customers",
        icon="telephone-outbound",
        weight=15,
        badge=follow_ups_left,
    ),
    MenuItem(
        name="sales_floor.deals",
        title=N_("Deals"),
        endpoint="sales_floor.deals_home",
        permission=may.CLOSING,
        section="customers",
        icon="file-earmark-text",
        weight=20,
    ),
    MenuItem(
        name="sales_floor.houses",
        title=N_("Sales control"),
        endpoint="sales_floor.houses_home",
        permission=may.HOUSES,
        section="customers",
        icon="houses",
        weight=25,
    ),
    MenuItem(
        name="sales_floor.payments",
        title=N_("Sums due"),
        endpoint="sales_floor.payments_home",
        permission=may.CLOSING,
        section="customers",
        icon="calendar-check",
        weight=27,
    ),
    MenuItem(
        name="sales_floor.deal_registers",
        title=N_("Deal registers"),
        endpoint="sales_floor.deal_registers_home",
        permission=may.REGISTERS,
        section="records",
        icon="journal-check",
        weight=15,
    ),
    MenuItem(
        name="sales_floor.minutes",
        title=N_("Evening minutes"),
        endpoint="sales_floor.minutes_home",
        permission=may.OFFICE,
        section="records",
        icon="moon-stars",
        weight=4,
    ),
    MenuItem(
        name="sales_floor.papers",
        title=N_("Plans and hand-ins"),
        endpoint="sales_floor.papers_home",
        permission=may.OFFICE,
        section="records",
        icon="inboxes",
        weight=6,
    ),
    MenuItem(
        name="sales_floor.incidents",
        title=N_("Incidents"),
        endpoint="sales_floor.incidents_home",
        permission=may.OFFICE,
        section="records",
        icon="exclamation-diamond",
        weight=8,
    ),
    MenuItem(
        name="sales_floor.registers",
        title=N_("Floor registers"),
        endpoint="sales_floor.registers_home",
        permission=may.REGISTERS,
        section="records",
        icon="journal-text",
        weight=10,
    ),
    MenuItem(
        name="sales_floor.figures",
        title=N_("Day, week, month"),
        endpoint="sales_floor.figures_home",
        permission=may.FIGURES,
        section="reports",
        icon="bar-chart",
        weight=5,
    ),
    MenuItem(
        name="sales_floor.statistics",
        title=N_("Visitors, calls, deals"),
        endpoint="sales_floor.statistics_home",
        permission=may.OFFICE,
        section="reports",
        icon="clipboard-data",
        weight=7,
    ),
    MenuItem(
        name="sales_floor.differences",
        title=N_("Acts and regulation"),
        endpoint="sales_floor.differences_home",
        permission=may.RULE,
        section="reports",
        icon="signpost-split",
        weight=10,
    ),
    MenuItem(
        name="sales_floor.handovers",
        title=N_("Hand-overs"),
        endpoint="sales_floor.handovers_home",
        permission=may.ROSTER,
        section="records",
        icon="arrow-left-right",
        weight=30,
    ),
    MenuItem(
        name="sales_floor.cut_over",
        title=N_("Cut-over from paper"),
        endpoint="sales_floor.cut_over_home",
        permission=may.SET_FLOOR,
        section="setup",
        icon="box-arrow-in-right",
        weight=20,
    ),
    MenuItem(
        name="sales_floor.team",
        title=N_("Roster"),
        endpoint="sales_floor.team_home",
        permission=may.ROSTER,
        section="setup",
        icon="person-lines-fill",
        weight=10,
    ),
)


def floor_card(me: Any) -> str:
    """Who is next, who waits, how many came today."""
    unit = me.unit
    if unit is None:
        return ""
    data = boards.board(reading(), unit.id)
    if data is None:
        return ""
    return render_template(
        "sales_floor/card_floor.html",
        data=data,
        words=words,
        url=url_for("sales_floor.board", unit_id=unit.id),
    )


def follow_up_card(me: Any) -> str:
    """My follow-ups that are due."""
    if me.unit is None or me.staff is None:
        return ""
    s = reading()
    today = organisation.today(s, me.unit.id)
    lines = [
        line
        for line in customers.follow_ups(s, me.unit.id, me.staff.id)
        if line.follow_up_on is not None and line.follow_up_on <= today
    ]
    return render_template(
        "sales_floor/card_follow_ups.html", lines=lines[:8], today=today, unit_id=me.unit.id
    )


def figures_card(me: Any) -> str:
    """This week so far beside the whole last one, in four numbers."""
    from zhike_sales_floor.views import figures

    return figures.card(me)


def cycle_card(me: Any) -> str:
    """Where my follow-up cycle stands; nothing where none is running."""
    if me.unit is None or me.staff is None:
        return ""
    s = reading()
    found = follow_ups.standing(s, me.unit.id)
    if found.cycle is None:
        return ""
    left = follow_up_board.left_count(s, me.unit.id, me.staff.id, found)
    owed = follow_up_board.owed_count(s, me.unit.id, me.staff.id, found.cycle.start, found.policy)
    problems = follow_up_board.open_problems(s, me.unit.id, person=me.staff.id)
    return render_template(
        "sales_floor/card_cycle.html",
        left=left,
        owed=owed,
        problems=len(problems),
        ends_at=found.ends_at(found.cycle),
        unit_id=me.unit.id,
    )


CARDS = (
    DashboardCard(
        name="sales_floor.cycle",
        title=N_("My follow-up cycle"),
        permission=may.SELF,
        render=cycle_card,
        size="medium",
        weight=15,
    ),
    DashboardCard(
        name="sales_floor.floor",
        title=N_("The floor now"),
        permission=may.VIEW_BOARD,
        render=floor_card,
        size="medium",
        weight=10,
    ),
    DashboardCard(
        name="sales_floor.follow_ups",
        title=N_("My follow-ups"),
        permission=may.SELF,
        render=follow_up_card,
        size="medium",
        weight=20,
    ),
    DashboardCard(
        name="sales_floor.figures",
        title=N_("This week"),
        permission=may.FIGURES,
        render=figures_card,
        size="wide",
        weight=30,
    ),
)
