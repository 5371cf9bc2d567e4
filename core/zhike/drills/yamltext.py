"""YAML 1.2 as people mean it: times stay text, ``on`` is a word, and every value knows its line.

A YAML 1.1 reader turns ``10:30`` into 630 and the key ``on`` into true. Here only the words null,
true, false and plain decimal numbers are anything but text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

# The reader of YAML is large and imported where a text is read: most processes never read one.
if TYPE_CHECKING:
    from ruamel.yaml.nodes import Node, ScalarNode

MAX_CHARACTERS = 2_000_000
MAX_NODES = 200_000
MAX_DEPTH = 60

_INT = re.compile(r"[-+]?(?:0|[1-9]\d*)")
_FLOAT = re.compile(r"[-+]?(?:0|[1-9]\d*)\.\d+")
_WORDS = {
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}

Places = dict[tuple[str | int, ...], int]


class YamlError(ValueError):
    """The text is not the YAML we read; ``line`` counts from 1."""

    def __init__(self, message: str, line: int) -> None:
        self.line = line
        super().__init__(message)


class _Reader:
    def __init__(self) -> None:
        self.places: Places = {}
        self.count = 0

    def read(self, node: Node, path: tuple[str | int, ...]) -> Any:
        from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

        line = node.start_mark.line + 1
        self.places[path] = line
        self.count += 1
        if self.count > MAX_NODES or len(path) > MAX_DEPTH:
            raise YamlError("the document is too large or too deep", line)
        if isinstance(node, ScalarNode):
            return _scalar(node)
        if isinstance(node, SequenceNode):
            return [self.read(part, (*path, n)) for n, part in enumerate(node.value)]
        assert isinstance(node, MappingNode)
        found: dict[str, Any] = {}
        for key_node, value in node.value:
            key_line = key_node.start_mark.line + 1
            if not isinstance(key_node, ScalarNode):
                raise YamlError("a key must be a word", key_line)
            key = str(key_node.value)
            if key in found:
                raise YamlError(f"the key {key!r} stands twice", key_line)
            found[key] = self.read(value, (*path, key))
            self.places[(*path, key)] = key_line
        return found


def _scalar(node: ScalarNode) -> Any:
    text = str(node.value)
    if node.style is not None:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text) and len(text) < 16:
        return int(text)
    if _FLOAT.fullmatch(text) and len(text) < 16:
        return float(text)
    return text


def read_documents(text: str) -> list[tuple[Any, Places]]:
    """Every document of a YAML (or JSON) text as plain data, with the line of each value.

    A place is the path of keys and positions from the document's root. YamlError for bad syntax,
    double keys, and texts too large or too deep.
    """
    if len(text) > MAX_CHARACTERS:
        raise YamlError("the text is too long", 1)
    _refuse_depth(text)
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    yaml = YAML(pure=True)
    found = []
    try:
        for node in yaml.compose_all(text):
            reader = _Reader()
            found.append((reader.read(node, ()), reader.places))
    except MarkedYAMLError as error:
        mark = error.problem_mark
        line = mark.line + 1 if mark is not None else 1
        raise YamlError(str(error.problem or error.context or "bad YAML"), line) from error
    except (YAMLError, RecursionError) as error:  # characters no YAML has; brackets without end
        raise YamlError("this is no readable YAML", 1) from error
    return found


_DASHES = re.compile(rf"(?:[-?][ \t]+){{{MAX_DEPTH + 1}}}")


def _refuse_depth(text: str) -> None:
    """Stop at depths nobody means before they are read: a parser's time grows with their square."""
    depth = 0
    for line, row in enumerate(text.splitlines(), 1):
        if _DASHES.search(row):
            raise YamlError("the text is too large or too deep", line)
        for sign in row:
            if sign in "[{":
                depth += 1
                if depth > MAX_DEPTH:
                    raise YamlError("the text is too large or too deep", line)
            elif sign in "]}" and depth:
                depth -= 1
