"""docs/reference.md names everything that has a stable name, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import get_args

import docs_facts as facts
import pytest

from zhike import contributions as c
from zhike.models.people import DATA_SCOPES
from zhike.rules.types import Mode

TEXT = (facts.ROOT / "docs/reference.md").read_text("utf-8")
CHAPTERS = dict(zip(*[iter(re.split(r"^## (.+)$", TEXT, flags=re.MULTILINE)[1:])] * 2, strict=True))
ROW = re.compile(r"^\| `([^`]+)` \|(.*)$", re.MULTILINE)
#: Chapter -> what the code has.
NAMED: dict[str, Callable[[], set[str]]] = {
    "命令": lambda: set(facts.commands()),
    "环境变量": lambda: facts.variables([*facts.PACKAGES, *facts.WORKSHOP]),
    "设置": facts.settings,
    "权限": lambda: facts.names(c.Permission),
    "建议角色": lambda: facts.names(c.RolePreset),
    "数据范围": lambda: set(DATA_SCOPES),
    "制度预设": lambda: facts.names(c.PolicyPreset),
    "规则引擎": lambda: facts.names(c.Engine),
    "制度的三种方式": lambda: set(get_args(Mode)),
    "后台任务": lambda: facts.names(c.Job),
    "期限": lambda: {entry.value.kind for entry in facts.host().registry.of(c.DeadlineHandler)},
    "健康检查": facts.checks,
    "通知": lambda: facts.names(c.NotificationType),
    "事件": facts.events,
    "台账动作": facts.ledger_actions,
    "导入": lambda: facts.names(c.Importer),
    "导出": lambda: facts.names(c.Exporter),
    "表单": facts.documents,
    "单据种类": lambda: facts.names(c.RecordKind),
    "未了事项": lambda: facts.names(c.OpenItems),
    "个人信息": lambda: facts.names(c.SubjectData),
}
LEVELS = {"critical": "关键", "sensitive": "敏感", "normal": ""}
SCOPES = {"all": "全部", "custom": "自定义", "unit": "本部门", "unit_tree": "本部门及以下",
          "own": "仅本人"}  # fmt: skip


def cells(rest: str) -> list[str]:
    """The further cells of a row."""
    return [cell.strip() for cell in rest.split("|")[:-1]]


@pytest.mark.parametrize("chapter", NAMED)
def test_a_chapter_names_what_there_is_and_nothing_else(chapter: str) -> None:
    stated = [name for name, _rest in ROW.findall(CHAPTERS[chapter])]
    assert sorted(stated) == sorted(NAMED[chapter]())


def test_every_chapter_is_compared_and_listed() -> None:
    assert set(CHAPTERS) == {*NAMED, "钩子"}
    assert re.findall(r"\[([^]]+)\]\(#\1\)", TEXT.partition("\n## ")[0]) == list(CHAPTERS)


def test_every_line_says_what_it_is() -> None:
    for chapter, text in CHAPTERS.items():
        for name, rest in ROW.findall(text):
            assert re.search(r"[\u4e00-\u9fff]", cells(rest)[-1]), f"{chapter}: {name}"


def test_commands_have_the_options_they_have() -> None:
    for name, rest in ROW.findall(CHAPTERS["命令"]):
        stated = re.findall(r"--[\w-]+", cells(rest)[0])
        assert sorted(stated) == sorted(facts.commands()[name].options), name


def test_hooks_are_the_hooks() -> None:
    assert sorted(re.findall(r"`(\w+)`", CHAPTERS["钩子"])) == sorted(facts.hooks())


def test_risks_of_permissions_are_told() -> None:
    for name, rest in ROW.findall(CHAPTERS["权限"]):
        entry = facts.host().registry.get(c.Permission, name)
        assert entry is not None
        assert cells(rest)[0] == LEVELS[entry.value.risk], name


def test_suggested_scopes_are_told() -> None:
    for name, rest in ROW.findall(CHAPTERS["建议角色"]):
        entry = facts.host().registry.get(c.RolePreset, name)
        assert entry is not None
        assert cells(rest)[0] == SCOPES[entry.value.scope], name


def test_times_of_jobs_are_told() -> None:
    for name, rest in ROW.findall(CHAPTERS["后台任务"]):
        entry = facts.host().registry.get(c.Job, name)
        assert entry is not None
        job, when = entry.value, cells(rest)[0]
        every = {1: "每分钟", 5: "每 5 分钟", 60: "每小时"}
        if job.daily_at is not None:
            assert when.startswith(f"每日 {job.daily_at.hour}:{job.daily_at:%M}"), name
        else:
            assert when.startswith(every[job.every_minutes or 0]), name
        assert ("各公司" in when) == (job.per == "company"), name


def test_severities_of_checks_are_told() -> None:
    from zhike.ops.checks import DEEP

    deep = {check.name: check for check in DEEP}
    for name, rest in ROW.findall(CHAPTERS["健康检查"]):
        entry = facts.host().registry.get(c.HealthCheck, name)
        check = entry.value if entry else deep[name]
        level = "严重" if check.severity == "critical" else "提醒"
        assert cells(rest)[0] == level + ("，只在体检时" if name in deep else ""), name


def test_every_act_in_the_ledger_has_words() -> None:
    named = {entry.name for entry in facts.host().registry.of(c.LedgerAction)}
    assert {name for name in facts.ledger_actions() if name not in named} == set()
