"""A manifest is checked before anything else of a plugin is touched."""

from __future__ import annotations

import pytest

from zhike.manifest import API_VERSION, ManifestError, Plugin, check_api

GOOD = {"name": "acme", "title": "Acme", "version": "1.0"}


def test_a_plain_manifest_is_taken() -> None:
    plugin = Plugin(**GOOD, title_zh="示例", depends=("archives",), bridges=("desk",))
    assert plugin.after == ("archives", "desk")
    assert plugin.title_in("zh_Hans_CN") == "示例"
    assert plugin.title_in("en") == "Acme"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": "Acme"}, "name must be lower-case"),
        ({"name": "acme__pro"}, "name must be lower-case"),
        ({"name": "1acme"}, "name must be lower-case"),
        ({"name": "a" * 31}, "at most 30"),
        ({"name": "案场"}, "name must be lower-case"),
        ({"name": "core"}, "belongs to the core"),
        ({"title": " "}, "title must not be empty"),
        ({"version": "one"}, "is not a PEP 440 version"),
        ({"api": "1.0"}, "is not a version range"),
        ({"api": ""}, "is not a version range"),
        ({"depends": ["archives"]}, "depends must be a tuple"),
        ({"depends": ("a", "a")}, "names something twice"),
        ({"depends": ("A",)}, "no plugin name"),
        ({"depends": ("acme",)}, "names the plugin itself"),
        ({"depends": ("a",), "optional": ("a",)}, "in depends and in optional"),
    ],
)
def test_what_is_wrong_is_said_with_plugin_and_field(change: dict[str, object], words: str) -> None:
    with pytest.raises(ManifestError, match=words) as caught:
        Plugin(**{**GOOD, **change})
    assert "plugin" in str(caught.value)


def test_the_api_range_is_compared_with_what_the_core_offers() -> None:
    check_api(Plugin(**GOOD, api=f">={API_VERSION}"))
    with pytest.raises(ManifestError, match=r"needs the plugin API >=2,<3, this core offers 1\.0"):
        check_api(Plugin(**GOOD, api=">=2,<3"), "1.0")
