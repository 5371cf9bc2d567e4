"""Uploads 待导入文件 between looking and applying: kept on the server, for one person, for a day.

A file lies under ``<home>/uploads/<company>/<user>/<token>``: whoever asks for a token looks into
his own folder only. The token is 128 random bits, nothing of the path comes from the person. The
files hold personal data: readable by the site alone, gone after applying or after a day.
"""

from __future__ import annotations

import json
import re
import secrets
import uuid
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zhike import clock
from zhike.contributions import Problem
from zhike.errors import NotFound
from zhike.i18n import _
from zhike.services.keys.keyring import write_private
from zhike.services.transfer.cells import as_text
from zhike.services.transfer.checking import Report, RowProblem

if TYPE_CHECKING:
    from zhike.services.transfer.reading import Upload
    from zhike.site import Site

KEPT = timedelta(hours=24)
"""How long a file waits for its owner's decision."""
MOST = 8
"""Files that one person may have waiting; the oldest make room."""

_TOKEN = re.compile(r"[0-9a-f]{32}")
_PARTS = ("json", "data", "report", "progress", "found")


@dataclass
class Staged:
    """What is known about a waiting file.

    ``actor`` is the owner's name; ``assigned`` says which head means which column; ``doing`` is
    what the worker was asked for (``request_id``); ``message`` is what the last try came to.
    ``locale`` and ``tz`` are its owner's: the worker speaks for him. ``sheet``, ``columns`` (head,
    column key or ``""``, a value as example) and ``missing`` are what was seen in the file, so that
    showing the page does not open it again.
    """

    token: str
    company_id: int
    user_id: str
    importer: str
    name: str
    created_at: str
    actor: str = ""
    locale: str = "zh_Hans"
    tz: str = "Asia/Shanghai"
    rows: int = 0
    digest: str = ""
    sheet: str = ""
    columns: list[list[str]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    assigned: dict[str, str] = field(default_factory=dict)
    doing: str = ""
    request_id: str = ""
    message: str = ""

    @property
    def made_at(self) -> datetime:
        """When it was uploaded (UTC)."""
        return datetime.fromisoformat(self.created_at)


def keep(
    site: Site,
    company_id: int,
    user_id: uuid.UUID,
    *,
    importer: str,
    name: str,
    content: bytes,
    actor: str = "",
    locale: str = "zh_Hans",
    tz: str = "Asia/Shanghai",
) -> Staged:
    """Keep an uploaded file and return what finds it again; the oldest over :data:`MOST` go."""
    folder = _folder(site, company_id, user_id)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    older = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in older[MOST - 1 :]:
        _remove(folder, path.stem)
    staged = Staged(
        token=secrets.token_hex(16),
        company_id=company_id,
        user_id=str(user_id),
        importer=importer,
        name=name,
        created_at=clock.now().isoformat(),
        actor=actor,
        locale=locale,
        tz=tz,
    )
    write_private(_path(site, staged, "data"), content, replace=False)
    save(site, staged)
    return staged


def find(site: Site, company_id: int, user_id: uuid.UUID, token: str) -> Staged:
    """The waiting file of this person under ``token``; raises :class:`~zhike.errors.NotFound`."""
    missing = NotFound(_("This file is no longer here: files are kept for a day. Upload it again."))
    if _TOKEN.fullmatch(token) is None:
        raise missing
    try:
        known = json.loads((_folder(site, company_id, user_id) / f"{token}.json").read_text())
    except (OSError, ValueError):
        raise missing from None
    return Staged(**known)


def describe(staged: Staged, upload: Upload) -> None:
    """Note what was seen in the file; :func:`save` keeps it."""
    keys = {place: key for key, place in upload.mapped.places.items()}
    staged.rows, staged.digest, staged.sheet = len(upload.rows), upload.digest, upload.sheet
    staged.missing = list(upload.mapped.missing)
    staged.columns = []
    for place, text in enumerate(upload.head):
        if not text.strip() or place == upload.mapped.error_place:
            continue
        cells = (as_text(r.cells[place]) for r in upload.rows[:20] if place < len(r.cells))
        example = next((cell for cell in cells if cell), "")
        staged.columns.append([text, keys.get(place, ""), example[:60]])


def waiting(site: Site, company_id: int, user_id: uuid.UUID) -> list[Staged]:
    """The files of this person that wait, the newest first."""
    found = []
    for path in _folder(site, company_id, user_id).glob("*.json"):
        try:
            found.append(Staged(**json.loads(path.read_text())))
        except (OSError, ValueError):
            continue  # just gone
    return sorted(found, key=lambda staged: staged.created_at, reverse=True)


def save(site: Site, staged: Staged) -> None:
    """Write down what has changed about a waiting file."""
    _write(site, staged, "json", asdict(staged))


def content(site: Site, staged: Staged) -> bytes:
    """The file itself; raises :class:`~zhike.errors.NotFound` where it went meanwhile."""
    try:
        return _path(site, staged, "data").read_bytes()
    except OSError:
        raise NotFound(
            _("This file is no longer here: files are kept for a day. Upload it again.")
        ) from None


def keep_report(site: Site, staged: Staged, report: Report | None) -> None:
    """Keep what a check found, every problem of it; None forgets it."""
    if report is None:
        _path(site, staged, "report").unlink(missing_ok=True)
        return
    held = asdict(report)
    held["problems"] = [
        [entry.row, entry.problem.message, entry.problem.column, entry.problem.warning]
        for entry in report.problems
    ]
    _write(site, staged, "report", held)


def report_of(site: Site, staged: Staged) -> Report | None:
    """What the last check found, or None."""
    try:
        held = json.loads(_path(site, staged, "report").read_text())
    except (OSError, ValueError):
        return None
    problems = [
        RowProblem(row, Problem(message, column, warning))
        for row, message, column, warning in held.pop("problems")
    ]
    held["ignored_columns"] = tuple(held["ignored_columns"])
    return Report(**held, problems=problems)


def keep_found(site: Site, staged: Staged, found: dict[str, Any]) -> None:
    """Keep what looking at a workbook of several sheets came to, in its owner's own words."""
    _write(site, staged, "found", found)


def found_of(site: Site, staged: Staged) -> dict[str, Any] | None:
    """What :func:`keep_found` kept, or None."""
    try:
        found: dict[str, Any] = json.loads(_path(site, staged, "found").read_text())
    except (OSError, ValueError):
        return None
    return found


def note_progress(site: Site, staged: Staged, percent: int) -> None:
    """Note how far the worker is. A file, since the database is being written to by its import."""
    path = _path(site, staged, "progress")
    path.touch(mode=0o600)
    path.write_text(str(max(0, min(100, percent))))


def progress_of(site: Site, staged: Staged) -> int:
    """Percent that the worker has done."""
    try:
        return int(_path(site, staged, "progress").read_text() or 0)
    except (OSError, ValueError):
        return 0


def drop(site: Site, staged: Staged) -> None:
    """Delete a waiting file with all that is known about it; harmless when done twice."""
    _remove(_path(site, staged, "json").parent, staged.token)


def sweep_uploads(site: Site, older_than: timedelta = KEPT) -> int:
    """Delete files that nobody decided about within ``older_than``; return how many files went."""
    oldest = (clock.now() - older_than).timestamp()
    gone = 0
    for path in (site.config.home / "uploads").glob("*/*/*"):
        try:
            if path.stat().st_mtime < oldest:
                path.unlink()
                gone += 1
        except FileNotFoundError:
            continue  # its owner was quicker
    return gone


def _folder(site: Site, company_id: int, user_id: uuid.UUID | str) -> Path:
    root: Path = site.config.home / "uploads"
    return root / str(company_id) / uuid.UUID(str(user_id)).hex


def _path(site: Site, staged: Staged, part: str) -> Path:
    return _folder(site, staged.company_id, staged.user_id) / f"{staged.token}.{part}"


def _write(site: Site, staged: Staged, part: str, value: Any) -> None:
    text = json.dumps(value, ensure_ascii=False)
    write_private(_path(site, staged, part), text.encode(), replace=True)


def _remove(folder: Path, token: str) -> None:
    for part in _PARTS:
        (folder / f"{token}.{part}").unlink(missing_ok=True)
