"""The JSON Schema of a plugin's drills."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from zhike.rules import Engine


def schema(engine: Engine, presets: Iterable[str] = ()) -> dict[str, Any]:
    """The schema of a drill file of this engine's plugin: given, events and expectations."""
    parts = engine.schema()
    known = list(presets)
    preset: dict[str, Any] = {"type": "string", "description": "id of the preset that is pinned"}
    if known:
        preset["enum"] = known
    events = {"type": "array", "items": {"$ref": "#/$defs/event"}}
    policy = {
        "description": "A preset, with overrides of single parameters; none: the version at hand.",
        "anyOf": [
            preset,
            {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "preset": preset,
                    "overrides": {
                        "type": "object",
                        "description": "parameter key: value",
                        "examples": [{"rotation.owed_cap": "none"}],
                    },
                },
            },
        ],
    }
    expect = {
        "description": "What must hold at the end, or a list with one entry per event.",
        "anyOf": [{"$ref": "#/$defs/expect"}, {"type": "array", "items": {"type": "object"}}],
    }
    common: dict[str, Any] = {
        "id": {"type": "string", "examples": ["SF/WE-01"]},
        "title": {"type": "string"},
        "policy": policy,
        "given": {"$ref": "#/$defs/given"},
        "events": events,
        "expect": expect,
        "comment": {"type": "string"},
    }
    variant = {
        **common,
        "given": {"type": "object", "description": "replaces single given facts"},
        "instead": {"type": "boolean", "description": "true: without the events of the drill"},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Drills of {engine.plugin}",
        "type": "object",
        "required": ["plugin", "events"],
        "additionalProperties": False,
        "properties": {
            **common,
            "plugin": {"const": engine.plugin},
            "date": {"type": "string", "description": "the date the drill begins"},
            "calendar": {"type": "string"},
            "variants": {
                "description": "drills that share this one's beginning and add events of their own",
                "anyOf": [
                    {
                        "type": "array",
                        "items": {"type": "object", "properties": variant},
                    },
                    {"type": "object"},
                ],
            },
        },
        "$defs": {
            "given": parts["given"],
            "event": parts["event"],
            "expect": parts["expect"],
        },
    }
