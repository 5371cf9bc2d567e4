"""What the repository may hold, and what its distributions must carry."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MEMBERS = [ROOT / "core", *sorted(p.parent for p in ROOT.glob("plugins/*/pyproject.toml"))]


def tracked() -> list[Path]:
    """Files under version control; all files where this is no checkout."""
    done = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


# Written apart, so that this file does not hold what it looks for.
HOSTS = re.compile(
    "|".join(
        re.escape(".".join(parts))
        for parts in (
            ("files", "python" + "hosted"),  # in two parts, so that this line is not a finding
            ("pypi", "org/simple"),
            ("pypi", "tuna"),
            ("registry", "npmjs"),
            ("registry", "yarnpkg"),
            ("cdn", "jsdelivr"),
            ("unpkg", "com"),
            ("cdnjs", "cloudflare"),
            ("deb", "debian"),
            ("mirrors", "aliyun"),
        )
    )
)


def test_no_file_names_where_packages_are_downloaded() -> None:
    """Versions and hashes are pinned; from where they come is the builder's business."""
    bad = []
    for path in tracked():
        text = path.read_bytes()
        if b"\0" in text[:8192]:
            continue
        for number, line in enumerate(text.decode("utf-8", "replace").splitlines(), 1):
            if HOSTS.search(line):
                bad.append(f"{path.relative_to(ROOT)}:{number}")
    assert bad == []


def test_requirement_files_name_no_index() -> None:
    for path in (ROOT / "requirements").glob("*.txt"):
        for line in path.read_text("utf-8").splitlines():
            assert not line.startswith(("-i", "--index", "--extra-index", "--find-links", "-f"))
            assert "://" not in line, f"{path.name}: {line}"
    for name in ("uv.lock", "package-lock.json"):
        assert ROOT / name not in tracked()


def names(lines: list[str]) -> dict[str, str]:
    """Requirement name -> what is asked of it, from a list of requirement lines."""
    found = {}
    for line in lines:
        text = line.split("#")[0].strip()
        if text and not text.startswith("-"):
            name, rest = re.match(r"([A-Za-z0-9_.-]+(?:\[[^\]]*\])?)(.*)", text).groups()
            found[name.lower()] = rest.replace(" ", "").replace('"', "'")
    return found


def test_requirements_are_those_of_the_distributions() -> None:
    """requirements/base.in pins for CI what core/pyproject.toml asks of everybody."""
    project = tomllib.loads((ROOT / "core/pyproject.toml").read_text("utf-8"))
    listed = names((ROOT / "requirements/base.in").read_text("utf-8").splitlines())
    assert names(project["project"]["dependencies"]) == listed
    extra = names((ROOT / "requirements/postgresql.in").read_text("utf-8").splitlines())
    assert names(project["project"]["optional-dependencies"]["postgresql"]) == extra
    build = names((ROOT / "requirements/build.in").read_text("utf-8").splitlines())
    for member in MEMBERS:
        about = tomllib.loads((member / "pyproject.toml").read_text("utf-8"))
        asked = names(about["build-system"]["requires"])
        assert asked.items() <= build.items(), member


#: Distribution -> import name, where the two differ.
IMPORTED_AS = {
    "argon2-cffi": "argon2",
    "bootstrap-flask": "flask_bootstrap",
    "chinesecalendar": "chinese_calendar",
    "phonenumberslite": "phonenumbers",
    "ruamel.yaml": "ruamel",
}


def test_every_run_time_requirement_is_used() -> None:
    project = tomllib.loads((ROOT / "core/pyproject.toml").read_text("utf-8"))
    sources = "\n".join(
        path.read_text("utf-8")
        for folder in ("core/zhike", "plugins")
        for path in (ROOT / folder).rglob("*.py")
    )
    for name in names(project["project"]["dependencies"]):
        module = IMPORTED_AS.get(name, name.replace("-", "_"))
        pattern = rf"^\s*(import|from) {module}\b|import_module\(\"{module}\"\)"
        assert re.search(pattern, sources, re.MULTILINE), f"nobody imports {name}"


def test_every_requirement_says_why_it_is_here() -> None:
    for path in (ROOT / "requirements").glob("*.in"):
        for line in path.read_text("utf-8").splitlines():
            if line.strip() and not line.startswith(("#", "-")) and path.name != "uv.in":
                assert "#" in line or path.name in ("test.in", "dev.in"), f"{path.name}: {line}"


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """Every distribution built into a wheel from a copy of the sources: name -> its files."""
    pytest.importorskip("hatchling")
    target = tmp_path_factory.mktemp("wheels")
    found = {}
    for member in MEMBERS:
        build = (
            "import sys; from hatchling.build import build_wheel; print(build_wheel(sys.argv[1]))"
        )
        done = subprocess.run(
            [sys.executable, "-c", build, str(target)], cwd=member, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr[-2000:]
        wheel = target / done.stdout.split()[-1]
        with zipfile.ZipFile(wheel) as archive:
            found[member.name] = archive.namelist()
    return found


def expected(package: Path) -> set[str]:
    """Every file of a package that is not Python's or the editor's own."""
    return {
        path.relative_to(package.parent).as_posix()
        for path in package.rglob("*")
        if path.is_file()
        and "__pycache__" not in path.parts
        and path.suffix not in (".pyc", ".part")
        and not path.name.startswith(".")
    }


@pytest.mark.slow
@pytest.mark.parametrize("member", MEMBERS, ids=lambda path: path.name)
def test_a_wheel_carries_everything(wheels: dict[str, list[str]], member: Path) -> None:
    """Templates, static files, migrations, catalogues, presets, drills and the licence."""
    (package,) = member.glob("zhike") if member.name == "core" else member.glob("zhike_*")
    files = set(wheels[member.name])
    assert expected(package) - files == set()
    assert any(name.endswith("licenses/LICENSE") for name in files)
    assert any(name.endswith("entry_points.txt") for name in files)
    for catalogue in package.glob("translations/*/LC_MESSAGES/*.po"):
        assert catalogue.with_suffix(".mo").relative_to(package.parent).as_posix() in files


@pytest.mark.slow
def test_the_core_carries_htmx(wheels: dict[str, list[str]]) -> None:
    assert {"zhike/static/vendor/htmx.min.js", "zhike/static/vendor/htmx.LICENSE.txt"} <= set(
        wheels["core"]
    )
    hook = (ROOT / "core/hatch_build.py").read_text("utf-8")
    pinned = re.search(r'HTMX_SHA256 = "([0-9a-f]{64})"', hook)
    assert pinned is not None
    content = (ROOT / "core/zhike/static/vendor/htmx.min.js").read_bytes()
    assert hashlib.sha256(content).hexdigest() == pinned[1]


def test_htmx_with_another_hash_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hook's own refusal, without building anything."""
    pytest.importorskip("hatchling")
    import importlib.util

    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "core/hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    hook = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(hook)
    monkeypatch.setattr(hook, "find_htmx", lambda: b"alert(1)")
    with pytest.raises(RuntimeError, match="SHA-256"):
        hook.provide_htmx(tmp_path / "vendor")
    assert not (tmp_path / "vendor" / "htmx.min.js").exists()


def test_versions_agree() -> None:
    """A plugin's manifest, its distribution and the range it asks of the core."""
    import zhike

    core = tomllib.loads((ROOT / "core/pyproject.toml").read_text("utf-8"))
    assert core["project"]["dynamic"] == ["version"]
    major, minor = zhike.__version__.split(".")[:2]
    for member in MEMBERS[1:]:
        about = tomllib.loads((member / "pyproject.toml").read_text("utf-8"))["project"]
        wanted = names(about["dependencies"])["zhike"]
        assert wanted == f">={major}.{minor},<{major}.{int(minor) + 1}"
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert f"## {zhike.__version__}" in changelog
