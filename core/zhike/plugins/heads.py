"""The newest revision a package ships, read from the files without importing Alembic.

Every process compares it with what the database says, at start; importing the migration tool for
that would cost more than everything else a start does for plugins.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

_NAMES = ("revision", "down_revision")
_FUNCTION = re.compile(r"^def ", re.MULTILINE)


def shipped_head(folder: Path) -> str | None:
    """The head of the lineage in ``folder``; None where there are no revisions.

    Raises ValueError for a file without ``revision``, and for a lineage with several heads.
    """
    revisions: dict[str, str] = {}
    parents: set[str] = set()
    if not folder.is_dir():
        return None
    for file in sorted(folder.glob("*.py")):
        if file.name == "__init__.py":
            continue
        values = _constants(file)
        revision = values.get("revision")
        if not isinstance(revision, str):
            raise ValueError(f"{file.name} names no revision")
        if revision in revisions:
            raise ValueError(f"{file.name} and {revisions[revision]} both name {revision!r}")
        revisions[revision] = file.name
        down = values.get("down_revision")
        parents.update((down,) if isinstance(down, str) else down or ())
    heads = sorted(set(revisions) - parents)
    if len(heads) > 1:
        raise ValueError(f"migrations have several heads: {', '.join(heads)}")
    if revisions and not heads:
        raise ValueError("migrations form a circle")
    return heads[0] if heads else None


def _constants(file: Path) -> dict[str, str | tuple[str, ...] | None]:
    """Literal values assigned at the top level of a revision file."""
    text = file.read_text(encoding="utf-8")
    # The names stand in front of the functions, which are long and take long to parse.
    found = _assigned(text[: first.start()], file) if (first := _FUNCTION.search(text)) else {}
    return found if len(found) == len(_NAMES) else _assigned(text, file)


def _assigned(text: str, file: Path) -> dict[str, str | tuple[str, ...] | None]:
    found: dict[str, str | tuple[str, ...] | None] = {}
    for node in ast.parse(text, str(file)).body:
        target: ast.expr | None = None
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target = node.targets[0]
        elif isinstance(node, ast.AnnAssign):
            target = node.target
        else:
            continue
        if isinstance(target, ast.Name) and target.id in _NAMES:
            value = node.value
            assert value is not None
            found[target.id] = ast.literal_eval(value)
    return found
