"""The guides speak of what exists: commands, addresses, words on pages, files, headings."""

from __future__ import annotations

import re
import shlex
import subprocess
from functools import cache
from pathlib import Path

import docs_facts as facts
import pytest
from babel.messages.pofile import read_po

ROOT = facts.ROOT
SPAN = re.compile(r"`([^`\n]+)`")
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
ADMIN = "docs/admin.md"
#: Written apart: what belongs to somebody's machine and not into a file for everybody.
MACHINE = re.compile("|".join(("/".join(("", "work", "")), "/".join(("", "root", "")), "/home/")))


@cache
def markdown() -> list[str]:
    """All Markdown files of the checkout, as paths from its root."""
    done = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        found = [path.relative_to(ROOT).as_posix() for path in ROOT.glob("**/*.md")]
        return sorted(name for name in found if not name.startswith("."))
    return sorted(name for name in done.stdout.split("\0") if name and (ROOT / name).is_file())


@cache
def text(name: str) -> str:
    """A file."""
    return (ROOT / name).read_text("utf-8")


def prose(name: str) -> str:
    """A file without its blocks of code."""
    return BLOCK.sub("", text(name))


def typed(name: str) -> list[str]:
    """Lines that begin with ``zhike`` in blocks of code, and such spans in the text."""
    lines = [line.strip() for _kind, body in BLOCK.findall(text(name)) for line in body.split("\n")]
    spans = SPAN.findall(prose(name))
    found = []
    for line in (*lines, *spans):
        line = line.removeprefix(".venv/bin/").split("#")[0]
        for part in line.split(";"):
            if re.match(r"(?:\.venv/bin/)?zhike [a-z]", part.strip()):
                found.append(part.strip().removeprefix(".venv/bin/"))
    return found


def slug(heading: str) -> str:
    """The address of a heading as code hosts make it."""
    plain = re.sub(r"[`*]|\]\([^)]*\)|\[", "", heading).strip().lower()
    return re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", plain))


@cache
def headings(name: str) -> frozenset[str]:
    """Addresses of all headings of a file."""
    return frozenset(slug(h) for h in re.findall(r"^#+ (.+)$", prose(name), re.MULTILINE))


@pytest.mark.parametrize("name", markdown())
def test_links_lead_somewhere(name: str) -> None:
    for target in LINK.findall(prose(name)):
        if "://" in target or target.startswith("mailto:"):
            continue
        path, _sep, anchor = target.partition("#")
        file = ((ROOT / name).parent / path).resolve() if path else ROOT / name
        assert file.exists(), f"{name}: {target}"
        if anchor:
            assert anchor in headings(file.relative_to(ROOT).as_posix()), f"{name}: {target}"


@pytest.mark.parametrize("name", markdown())
def test_commands_exist(name: str) -> None:
    for line in typed(name):
        words = shlex.split(line.replace("[", " ").replace("]", " "), comments=True)[1:]
        known = facts.commands()
        found = next((k for k in (" ".join(words[:2]), words[0]) if k in known), None)
        groups = {command.split()[0] for command in known}
        if words[0] in facts.plugins():
            continue
        if found is None:
            assert len(words) == 1, f"{name}: {line}"
            assert words[0] in groups, f"{name}: {line}"
            continue
        for option in (w.partition("=")[0] for w in words if w.startswith("--")):
            assert option in {*known[found].options, "--help"}, f"{name}: {line}: {option}"


@pytest.mark.parametrize("name", markdown())
def test_no_file_is_about_one_machine(name: str) -> None:
    assert MACHINE.findall(text(name)) == []


@pytest.mark.parametrize("name", [n for n in markdown() if n != "docs/reference.md"])
def test_variables_exist(name: str) -> None:
    known = facts.variables([*facts.PACKAGES, *facts.WORKSHOP])
    assert set(facts.VARIABLE.findall(text(name))) <= known


def test_variables_of_the_deployment_are_those_of_the_reference() -> None:
    """Nobody has to look in two places: what the one explains, the other knows."""
    reference = text("docs/reference.md")
    for name in facts.VARIABLE.findall(text("docs/deploy.md")):
        assert f"| `{name}` |" in reference


def test_the_guide_names_every_page_of_the_panel_and_no_other() -> None:
    stated = set(re.findall(r"`(/admin/[a-z/]*)`", text(ADMIN)))
    assert stated == {path for path in facts.panel_paths() if "…" not in path}


@pytest.mark.parametrize("name", [ADMIN, "docs/guide/index.md", "docs/guide/first-morning.md"])
def test_words_in_quotation_marks_stand_on_pages(name: str) -> None:
    """「…」 in the guides is what a page says, to the letter."""
    said = on_pages()
    for words in re.findall(r"「([^」]+)」", prose(name)):
        assert words in said, f"{name}: 「{words}」"


@cache
def on_pages() -> frozenset[str]:
    """What the Chinese catalogues of core and plugins say."""
    found: set[str] = set()
    for package in facts.PACKAGES:
        path = package / "translations/zh_Hans/LC_MESSAGES/messages.po"
        with path.open("rb") as file:
            for message in read_po(file, locale="zh_Hans"):
                said = message.string
                found.update([said] if isinstance(said, str) else said)
    return frozenset(found)


def test_permissions_in_the_guide_exist() -> None:
    from zhike import contributions as c

    stated = set(re.findall(r"`(core\.[a-z_.]+)`", text(ADMIN)))
    assert stated <= facts.names(c.Permission)


def test_pictures_are_small_and_shown() -> None:
    shown = {
        ((ROOT / name).parent / target).resolve()
        for name in markdown()
        for target in LINK.findall(prose(name))
        if "/images/" in f"/{target}"
    }
    pictures = {p for p in (ROOT / "docs/images").iterdir() if p.suffix in (".png", ".svg")}
    assert {p.name for p in pictures - shown} == set()
    assert {p.name: p.stat().st_size for p in pictures if p.stat().st_size > 300_000} == {}


def test_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", Path(ROOT / "Makefile").read_text("utf-8"), re.M))
    for name in markdown():
        for target in re.findall(r"^make ([a-z-]+)", text(name), re.MULTILINE):
            assert target in targets, f"{name}: make {target}"
        for target in re.findall(r"`make ([a-z-]+)", prose(name)):
            assert target in targets, f"{name}: make {target}"
