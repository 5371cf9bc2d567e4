"""Where to go on: only ever to a path of this site."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

_LONGEST = 2000


def safe_next(target: str | None, fallback: str = "/") -> str:
    """Return ``target`` if it is a plain path of this site, else ``fallback``.

    Browsers drop tabs and line breaks from addresses, read ``\\`` as ``/`` and take what follows
    ``//`` for a host, so anything but one slash and then ordinary characters is refused, also
    after undoing percent signs.
    """
    if not target or len(target) > _LONGEST:
        return fallback
    plain = target
    for _ in range(3):
        if not _is_local(plain):
            return fallback
        undone = unquote(plain)
        if undone == plain:
            break
        plain = undone
    return target


def _is_local(text: str) -> bool:
    if not text.startswith("/") or text.startswith(("//", "/\\")):
        return False
    path = text.partition("?")[0].partition("#")[0]
    if "\\" in path or " " in path or not text.isprintable():
        return False
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    segments = path.split("/")
    return not parts.scheme and not parts.netloc and ".." not in segments and "//" not in path
