"""Kinship in words (亲属关系): what people write, and which of it the policy calls immediate."""

from __future__ import annotations

from collections.abc import Collection

_WORDS: dict[str, tuple[str, ...]] = {
    "spouse": ("husband", "wife", "配偶", "夫妻", "丈夫", "妻子", "老公", "老婆"),
    "parent": ("mother", "father", "父母", "父亲", "母亲", "爸爸", "妈妈", "父", "母"),
    "child": ("son", "daughter", "子女", "儿子", "女儿", "子", "女"),
    "grandparent": (
        "grandmother",
        "grandfather",
        "祖父母",
        "爷爷",
        "奶奶",
        "外公",
        "外婆",
        "祖父",
        "祖母",
    ),
    "grandchild": ("grandson", "granddaughter", "孙子女", "孙子", "孙女", "外孙", "外孙女"),
    "sibling": ("siblings", "brother", "sister", "brothers", "sisters", "兄弟姐妹", "兄弟", "姐妹"),
    "friend": ("friends", "朋友"),
    "colleague": ("colleagues", "coworker", "同事"),
    "immediate": ("immediate_relative", "immediate_relatives", "直系亲属", "relative", "relatives"),
}
_CANONICAL = {word: kind for kind, words in _WORDS.items() for word in (kind, *words)}
_INVERSE = {
    "parent": "child",
    "child": "parent",
    "grandparent": "grandchild",
    "grandchild": "grandparent",
}


def relation_word(stated: str) -> str:
    """The canonical relation for what somebody wrote; unknown words stay as they are."""
    word = stated.strip().lower().replace(" ", "_").replace("-", "_")
    if word.endswith("_of"):
        word = word[:-3]
    if word.endswith("s") and word not in _CANONICAL:
        word = word[:-1]
    return _CANONICAL.get(word, word)


def inverse(kind: str) -> str:
    """What the other one is, seen from this side; symmetrical unless generations differ."""
    return _INVERSE.get(kind, kind)


def is_immediate(kind: str, wanted: Collection[str]) -> bool:
    """Whether the policy's set of immediate relatives holds this relation, from either side."""
    return kind == "immediate" or kind in wanted or inverse(kind) in wanted
