"""The manual names every hook and nothing that does not exist."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
import sys
from pathlib import Path
from types import ModuleType

import click
import pytest

from zhike import api, contributions, hookspecs, testing
from zhike.cli.plugin import plugin as plugin_commands
from zhike.hookspecs import ASK_HOOKS, LIFECYCLE_HOOKS, RESULT_TYPES, CoreHooks

DOCS = Path(__file__).parents[2] / "docs"
HOOKS = (DOCS / "hooks.md").read_text(encoding="utf-8")
GUIDE = (DOCS / "plugin-author.md").read_text(encoding="utf-8")
HEADING = re.compile(r"^### `(\w+)\((.*)\)`$", re.MULTILINE)


def signatures() -> dict[str, str]:
    """Hook name -> its arguments, as the code has them."""
    found = {}
    for name, function in vars(CoreHooks).items():
        if hasattr(function, f"{hookspecs.PROJECT}_spec"):
            names = list(inspect.signature(function).parameters)[1:]
            found[name] = ", ".join(names)
    return found


def sections() -> dict[str, str]:
    """Hook name -> the text below its heading."""
    parts = HEADING.split(HOOKS)[1:]
    return {parts[i]: parts[i + 2] for i in range(0, len(parts), 3)}


def test_every_hook_is_there_with_its_arguments_and_no_other() -> None:
    assert dict(HEADING.findall(HOOKS)) == signatures()
    assert len(HEADING.findall(HOOKS)) == len(signatures())


def test_hooks_are_of_three_kinds_and_in_their_chapter() -> None:
    assert set(signatures()) == {*RESULT_TYPES, *ASK_HOOKS, *LIFECYCLE_HOOKS}
    chapters = re.split(r"^## (.+)$", HOOKS, flags=re.MULTILINE)[1:]
    by_chapter = {chapters[i]: HEADING.findall(chapters[i + 1]) for i in range(0, len(chapters), 2)}
    assert {k: {n for n, _ in v} for k, v in by_chapter.items()} == {
        "登记钩子": set(RESULT_TYPES),
        "询问钩子": set(ASK_HOOKS),
        "生命周期钩子": set(LIFECYCLE_HOOKS),
    }


@pytest.mark.parametrize("name", sorted(signatures()))
def test_each_has_a_promise_its_fields_and_an_example_that_is_python(name: str) -> None:
    text = sections()[name]
    assert "返回：" in text
    kind = RESULT_TYPES.get(name)
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        assert f"`{kind.__name__}`" in text
        line = re.search(r"^字段：(.*)。$", text, re.MULTILINE)
        assert line is not None
        stated = re.findall(r"`(\w+)`", line.group(1))
        assert stated == [f.name for f in dataclasses.fields(kind)]
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    (function,) = [n for n in ast.parse(code).body if isinstance(n, ast.FunctionDef)]
    assert function.name == name
    arguments = {a.arg for a in function.args.args}
    assert arguments <= set(filter(None, signatures()[name].split(", ")))
    for call in ast.walk(function):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
            made = getattr(contributions, call.func.id, None)
            if dataclasses.is_dataclass(made):
                inspect.signature(made).bind(
                    *call.args, **{k.arg: None for k in call.keywords if k.arg}
                )


def test_every_contribution_can_be_had_from_the_api() -> None:
    for name in contributions.__all__:
        assert hasattr(api, name), f"zhike.api lacks {name}"


def test_the_guide_s_commands_exist() -> None:
    for command in re.findall(r"^zhike plugin (\w+)", GUIDE, re.MULTILINE):
        assert command in plugin_commands.commands, command
    for command, line in re.findall(r"^zhike plugin (\w+)(.*)$", GUIDE, re.MULTILINE):
        options = {o for p in plugin_commands.commands[command].params for o in p.opts}
        for option in re.findall(r"--[\w-]+", line):
            assert option in options, f"zhike plugin {command} {option}"
    assert isinstance(plugin_commands, click.Group)


def test_the_guide_s_python_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("guide")
    monkeypatch.setitem(sys.modules, "guide", module)  # where dataclasses look for their names
    for code in re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL):
        if "PluginConformance" in code:
            ast.parse(code)
            continue
        exec(compile(code, "plugin-author.md", "exec"), vars(module))


def test_the_guide_names_every_fixture() -> None:
    source = Path(api.__file__).parent / "testing" / "plugin.py"
    fixtures = {
        node.name
        for node in ast.parse(source.read_text()).body
        if isinstance(node, ast.FunctionDef)
        and any("fixture" in ast.unparse(d) for d in node.decorator_list)
    }
    table = GUIDE.partition("## 测试里能用什么")[2].partition("\n##")[0]
    assert fixtures == {n for n in re.findall(r"^\| (.*?) \|", table, re.MULTILINE) for n in
                        re.findall(r"`(\w+)`", n)}  # fmt: skip


def test_the_guide_names_everything_to_import_for_tests() -> None:
    table = GUIDE.partition("### 从 `zhike.testing` 导入")[2].partition("\n##")[0]
    named = [n for cell in re.findall(r"^\| (.*?) \|", table, re.MULTILINE)
             for n in re.findall(r"`(\w+)`", cell)]  # fmt: skip
    assert sorted(named) == sorted(testing.__all__)
    for name in named:
        assert getattr(testing, name).__doc__


@pytest.mark.parametrize("name", sorted(signatures()))
def test_every_hook_has_somebody_in_the_core_who_asks_it(name: str) -> None:
    """A hook that nobody asks is a promise nobody keeps."""
    core = Path(api.__file__).parent
    spoken = {"api.py", "contributions.py", "hookspecs.py"}
    files = [
        file
        for file in core.rglob("*.py")
        if file.name not in spoken and not {"testing", "scaffold", "builtin"} & set(file.parts)
    ]
    kind = RESULT_TYPES.get(name)
    words = [f'"{name}"']
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        words += [f"({kind.__name__}", f"[{kind.__name__}]", f"c.{kind.__name__}"]
    if name == "register_events":
        words.append("registry.event(")
    if name == "register_settings":
        words.append("registry.settings(")
    texts = [f.read_text() for f in files if f.name != "registry.py"]
    assert any(word in text for word in words for text in texts), f"nobody asks {name}"
