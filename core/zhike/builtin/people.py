"""Everybody who works here, from one sheet."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import or_, select

from zhike.contributions import N_, Checked, Column, Importer, Problem, RecordRef
from zhike.hookspecs import hookimpl
from zhike.i18n import _
from zhike.models.organisation import Post, Staff
from zhike.services import organisation
from zhike.services.companies import bump_generation
from zhike.services.textkit import nfkc

COLUMNS = (
    Column(
        key="unit",
        title=N_("Site or department"),
        example="A1",
        aliases=("案场", "部门", "案场或部门", "门店"),
        help=N_("Code or name; needed where the company has more than one"),
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
        key="name", title=N_("Name"), required=True, example="李敏", aliases=("姓名",), longest=60
    ),
    Column(
        key="title",
        title=N_("Post"),
        required=True,
        example="置业顾问",
        aliases=("岗位", "职务", "职位"),
        longest=40,
    ),
    Column(
        key="head",
        title=N_("Head of the unit"),
        kind="boolean",
        aliases=("负责人", "是否负责人"),
    ),
    Column(key="joined", title=N_("Joined on"), kind="date", aliases=("入职日期",)),
)


def _text(value: Any) -> str:
    return nfkc(str(value or ""))


def _unit(s: Any, text: str, problems: list[Problem]) -> uuid.UUID | None:
    open_units = [unit for unit in organisation.tree(s).units.values() if unit.open]
    if not text:
        if len(open_units) == 1:
            return open_units[0].id
        problems.append(
            Problem(_("Please name the unit: the company has more than one."), "unit")
            if open_units
            else Problem(_("Add a site or department first."), "unit")
        )
        return None
    by_code = [unit.id for unit in open_units if nfkc(unit.code) == text]
    by_name = [unit.id for unit in open_units if nfkc(unit.name) == text]
    found = by_code or (by_name if len(by_name) == 1 else [])
    if not found:
        problems.append(Problem(_("There is no such site or department."), "unit"))
    return next(iter(found), None)


def _same(s: Any, number: str, name: str) -> Sequence[Staff]:
    return s.scalars(  # type: ignore[no-any-return]  # a session comes untyped to importers
        select(Staff).where(Staff.number == number)
        if number
        else select(Staff).where(Staff.name == name)
    ).all()


def check_person(s: Any, row: Mapping[str, Any]) -> Checked:
    """Whether a row names a place, and which person where numbers or names are shared."""
    problems: list[Problem] = []
    number, name = _text(row.get("number")), _text(row.get("name"))
    unit_id = _unit(s, _text(row.get("unit")), problems)
    same = _same(s, number, name)
    if number and same and nfkc(same[0].name) != name:
        problems.append(
            Problem(_("This staff number belongs to %(name)s.", name=same[0].name), "number")
        )
    if not number and len(same) > 1:
        problems.append(
            Problem(_("Several staff members have this name: please give the number."), "number")
        )
    if any(one.status == "left" for one in same):
        problems.append(
            Problem(_("This person has left; mark the return under Staff first."), "name")
        )
    value = {
        "unit_id": unit_id,
        "number": number,
        "name": name,
        "title": _text(row.get("title")),
        "head": bool(row.get("head")),
        "joined": row.get("joined"),
    }
    return Checked(value, tuple(problems))


def find_person(s: Any, value: Mapping[str, Any]) -> RecordRef | None:
    """The staff member a row is about: by number, else by name."""
    same = _same(s, value["number"], value["name"])
    return RecordRef("core", "staff", same[0].id) if len(same) == 1 else None


def apply_person(s: Any, value: Mapping[str, Any], known: RecordRef | None) -> RecordRef:
    """Add the person where unknown, and the post where he has none like it."""
    today = organisation.today(s, value["unit_id"])
    staff_id = (
        known.id
        if known is not None
        else organisation.add_staff(
            s,
            name=value["name"],
            number=value["number"] or None,
            joined_on=value["joined"] or today,
        ).id
    )
    held = s.scalar(
        select(Post.id)
        .where(
            Post.staff_id == staff_id,
            Post.unit_id == value["unit_id"],
            Post.title == value["title"],
            or_(Post.valid_until.is_(None), Post.valid_until >= today),
        )
        .limit(1)
    )
    if held is None:
        organisation.give_post(
            s,
            staff_id,
            value["unit_id"],
            title=value["title"],
            rank=5 if value["head"] else 0,
            is_head=value["head"],
            valid_from=min(value["joined"] or today, today),
        )
    return RecordRef("core", "staff", staff_id)


def _undone(s: Any, ref: RecordRef) -> None:
    bump_generation(s)


@hookimpl
def register_importers() -> Sequence[Importer]:
    """Staff with their posts; logins are made afterwards, with a sheet to hand out."""
    return (
        Importer(
            name="core.staff",
            title=N_("Staff and posts"),
            permission="core.organisation",
            columns=COLUMNS,
            validate=check_person,
            apply=apply_person,
            find_existing=find_person,
            key=("number", "name"),
            models=(Staff, Post),
            undone=_undone,
        ),
    )
