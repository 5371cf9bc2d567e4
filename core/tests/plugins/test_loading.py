"""Finding and loading: what is wrong with a plugin stays with that plugin, and is said."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from zhike.config import Config
from zhike.contributions import Job, Permission
from zhike.plugins import PluginHost, load_plugins
from zhike.plugins.discovery import discover

Load = Callable[..., PluginHost]
Write = Callable[..., str]

VIEW = """
    @hookimpl
    def register_permissions():
        return [Permission(name="{name}.view", title="View")]
"""


def test_a_folder_is_a_plugin_with_relative_imports(write_plugin: Write, load: Load) -> None:
    write_plugin(
        "acme",
        "from .permissions import PERMISSIONS\n@hookimpl\ndef register_permissions():\n"
        "    return PERMISSIONS\n",
        **{
            "permissions.py": "from zhike.contributions import Permission\n"
            "PERMISSIONS = [Permission(name='acme.view', title='View')]\n"
        },
    )
    host = load()
    assert host.names == ("acme",)
    assert host.root("acme").name == "acme"
    entry = host.registry.get(Permission, "acme.view")
    assert entry is not None
    assert str(entry.owner) == "acme"


@pytest.mark.parametrize(
    ("hooks", "manifest", "words"),
    [
        ("import nothing_of_that_name", "", "ModuleNotFoundError"),
        ("raise SystemExit(3)", "", "SystemExit: 3"),
        ("@hookimpl\ndef register_permissions():\n    return 1 / 0", "", "ZeroDivisionError"),
        (
            "@hookimpl\ndef register_permisions():\n    return []",
            "",
            "no hook 'register_permisions'",
        ),
        ("@hookimpl\ndef register_jobs(app):\n    return []", "", "Argument"),
        ("@hookimpl\ndef register_menu():\n    return 'x'", "", "must return a list, not str"),
        (
            "@hookimpl\ndef register_permissions():\n    return ['bad.view']",
            "",
            "register_permissions must return Permission, not 'bad.view'",
        ),
        (
            "@hookimpl\ndef register_permissions():\n"
            "    return [Permission(name='other.view', title='x')]",
            "",
            "names must begin with 'bad.'",
        ),
        (
            "@hookimpl\ndef register_permissions():\n"
            "    return [Permission(name='bad.view', title='x')] * 2",
            "",
            "returns 'bad.view' twice",
        ),
        ("@hookimpl\ndef register_events():\n    return [int]", "", "an event class marked"),
        ("", "api='>=2,<3'", "needs the plugin API >=2,<3"),
        ("", "depends=('gone',)", "needs 'gone', which is not here"),
        (
            "@hookimpl(wrapper=True)\ndef register_permissions():\n    return (yield)",
            "",
            "cannot be wrapped",
        ),
    ],
)
def test_a_bad_plugin_is_broken_with_its_reason_and_the_good_one_runs(
    write_plugin: Write, load: Load, hooks: str, manifest: str, words: str
) -> None:
    write_plugin("bad", hooks, manifest)
    write_plugin("good", VIEW.format(name="good"))
    host = load()
    host.collect_web()
    assert host.names == ("good",)
    assert words in host.broken["bad"].reason
    assert not host.registry.by_owner("bad")
    assert host.registry.get(Permission, "good.view") is not None


def test_a_manifest_must_be_one_and_carry_the_announced_name(folder: Path, load: Load) -> None:
    for name, text in {
        "none": "x = 1",
        "number": "plugin = 7",
        "other": "from zhike.manifest import Plugin\n"
        "plugin = Plugin(name='else', title='x', version='1')",
        "syntax": "plugin = (",
    }.items():
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text(text)
    broken = load().broken
    assert "no attribute 'plugin'" in broken["none"].reason
    assert "is not a zhike Plugin but int" in broken["number"].reason
    assert "announces 'other' but its manifest says 'else'" in broken["other"].reason
    assert "SyntaxError" in broken["syntax"].reason
    assert broken["syntax"].trace


def test_what_depends_on_a_broken_one_is_broken_and_says_so(
    write_plugin: Write, load: Load
) -> None:
    write_plugin("base", "raise RuntimeError('out of order')")
    write_plugin("above", "", "depends=('base',)")
    write_plugin("top", "", "depends=('above',)")
    host = load()
    assert host.names == ()
    assert "out of order" in host.broken["above"].reason
    assert host.broken["top"].reason.startswith("needs 'above', which is broken")
    assert host.broken["top"].stage == "dependencies"


def test_two_owners_of_one_name_are_both_named(write_plugin: Write, load: Load) -> None:
    # A name must begin with its owner's, so only a bridge of the same plugin can clash.
    hooks = VIEW.format(name="a")
    write_plugin("a", hooks, "bridges=('b',)", **{"bridges/b.py": _as_module(hooks)})
    write_plugin("b")
    host = load()
    assert "a" in host.names
    assert "'a.view' is contributed by 'a' and by 'a/b'" in host.broken["a/b"].reason


def _as_module(hooks: str) -> str:
    body = "\n".join(line[4:] for line in hooks.splitlines())
    return "from zhike.contributions import *\nfrom zhike.hookspecs import hookimpl\n" + body + "\n"


def test_a_bridge_is_loaded_only_where_the_other_is(write_plugin: Write, load: Load) -> None:
    bridge = _as_module(VIEW.format(name="a"))
    write_plugin("a", "", "bridges=('b',)", **{"bridges/b.py": bridge})
    assert load().registry.get(Permission, "a.view") is None
    write_plugin("b")
    for name in [n for n in sys.modules if n.startswith("zhike_local")]:
        del sys.modules[name]
    entry = load().registry.get(Permission, "a.view")
    assert entry is not None
    assert str(entry.owner) == "a/b"
    assert not entry.owner.active_in(frozenset({"a"}))
    assert entry.owner.active_in(frozenset({"a", "b"}))


def test_safe_mode_and_allow_list_do_not_even_import(write_plugin: Write, load: Load) -> None:
    write_plugin("a")
    write_plugin("b")
    assert load(safe_mode=True).found == {}
    host = load(plugin_allow=("b",))
    assert host.names == ("b",)
    assert "zhike_local.a" not in sys.modules


def test_the_core_alone_has_its_own_contributions(load: Load) -> None:
    host = load(safe_mode=True)
    assert host.names == ()
    assert host.registry.get(Permission, "core.apps") is not None
    assert host.registry.get(Job, "core.prune_outbox") is not None


def _point(name: str, value: str) -> EntryPoint:
    return EntryPoint(name, value, "zhike.plugins")


def test_two_distributions_of_one_name_are_both_refused(write_plugin: Write, folder: Path) -> None:
    points = [_point("acme", "acme_one:plugin"), _point("acme", "acme_two:plugin")]
    found = discover(entry_points=points)
    assert found["acme"].manifest is None
    fault = found["acme"].fault
    assert fault is not None
    assert "acme_one:plugin and acme_two:plugin" in fault.reason


def test_a_folder_never_takes_the_place_of_an_installed_plugin(
    write_plugin: Write, folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write_plugin("acme")
    package = tmp_path / "site" / "acme_pkg"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(
        "from zhike.manifest import Plugin\nplugin = Plugin(name='acme', title='A', version='2')\n"
    )
    monkeypatch.syspath_prepend(tmp_path / "site")
    host = load_plugins(
        Config(home=tmp_path / "home", plugin_path=(folder,)),
        entry_points=[_point("acme", "acme_pkg:plugin")],
    )
    assert host.manifests["acme"].version == "2"
    assert any("the folder is ignored" in f.reason for f in host.broken.values())


def test_the_order_of_discovery_plays_no_part(
    write_plugin: Write, folder: Path, tmp_path: Path
) -> None:
    for name, manifest in {"c": "depends=('a',)", "a": "", "b": "optional=('c',)"}.items():
        write_plugin(name, VIEW.format(name=name), manifest)
    first = load_plugins(Config(home=tmp_path, plugin_path=(folder,)), entry_points=())
    second = PluginHost(dict(reversed(first.found.items())))
    assert first.names == second.names == ("a", "c", "b")
    assert first.fingerprint == second.fingerprint
    assert [e.name for e in first.registry.of(Permission)] == [
        e.name for e in second.registry.of(Permission)
    ]


def test_the_fingerprint_changes_with_a_version(write_plugin: Write, load: Load) -> None:
    write_plugin("a")
    before = load().fingerprint
    write_plugin("b")
    assert load().fingerprint != before


def test_models_must_be_the_plugins_own(write_plugin: Write, load: Load) -> None:
    write_plugin(
        "thief",
        "@hookimpl\ndef register_models():\n    return ['zhike_local.thief.models']\n",
        **{
            "models.py": """
                from zhike.db.base import ScopedModel

                class Taken(ScopedModel):
                    __plugin__ = "victim"
                    __tablename__ = "taken"
            """
        },
    )
    host = load()
    assert "'victim__taken'" in host.broken["thief"].reason
    assert "thief__" in host.broken["thief"].reason


def test_a_lineage_with_two_heads_breaks_its_plugin(write_plugin: Write, load: Load) -> None:
    revision = "revision = '{0}'\ndown_revision = None\n"
    write_plugin(
        "forked",
        **{
            "migrations/0001.py": revision.format("x1"),
            "migrations/0002.py": revision.format("x2"),
        },
    )
    assert "several heads: x1, x2" in load().broken["forked"].reason


def test_a_plugin_may_have_hooks_of_its_own(write_plugin: Write, load: Load) -> None:
    spec = """
        import pluggy
        hookspec = pluggy.HookspecMarker("zhike")

        @hookspec
        def {name}_colours(kind):
            "Which colours."
    """
    write_plugin(
        "paint",
        "@hookimpl\ndef register_hookspecs():\n    return ['zhike_local.paint.hookspecs']\n",
        **{"hookspecs.py": spec.format(name="paint")},
    )
    write_plugin(
        "wall",
        "@hookimpl\ndef paint_colours(kind):\n    return [kind + ' red']\n",
        "depends=('paint',)",
    )
    write_plugin(
        "rude",
        "@hookimpl\ndef register_hookspecs():\n    return ['zhike_local.rude.hookspecs']\n",
        **{"hookspecs.py": spec.format(name="other")},
    )
    host = load()
    assert "must begin with 'rude_'" in host.broken["rude"].reason
    answers = host.each("paint_colours", None, kind="dark")
    assert [(str(o), r) for o, r, _ in answers] == [("wall", ["dark red"])]


def test_an_implementation_for_an_absent_plugins_hook_may_be_optional(
    write_plugin: Write, load: Load
) -> None:
    write_plugin("wall", "@hookimpl(optionalhook=True)\ndef paint_colours(kind):\n    return []\n")
    assert load().names == ("wall",)


def test_a_bad_settings_form_breaks_its_plugin_at_start(write_plugin: Write, load: Load) -> None:
    write_plugin(
        "bad",
        """
        import wtforms

        class Form(wtforms.Form):
            limit = wtforms.IntegerField()

        @hookimpl
        def register_settings():
            return [SettingsSchema(form=Form)]
        """,
    )
    assert "needs default=" in load().broken["bad"].reason
