"""Build hook: put htmx into the wheel without keeping third-party code in the repository.

``django-htmx`` is a build requirement; its minified htmx 2 is copied to ``zhike/static/vendor`` and
its SHA-256 is compared with the pinned one, which is also that of ``htmx.org`` 2.0.10 on npm.
Message catalogues are compiled on the way (``.mo`` is ignored by git), so that neither a wheel nor
a checkout lacks its translations. Runs for wheels and for editable installs.
"""

from __future__ import annotations

import hashlib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

HTMX_SHA256 = "71ea67185bfa8c98c39d31717c6fce5d852370fcdfd129db4543774d3145c0de"
HTMX_SOURCE = "htmx-2.min.js"

# The Zero-Clause BSD licence of htmx asks for nothing; its text goes along all the same.
HTMX_LICENCE = """\
htmx 2.0.10

Zero-Clause BSD

Permission to use, copy, modify, and/or distribute this software for
any purpose with or without fee is hereby granted.

THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL
WARRANTIES WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES
OF MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE
FOR ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY
DAMAGES WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN
AN ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT
OF OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.
"""


def sha256(data: bytes) -> str:
    """Hexadecimal SHA-256 of ``data``."""
    return hashlib.sha256(data).hexdigest()


def find_htmx() -> bytes:
    """Return htmx out of the build requirement; ``RuntimeError`` where that is missing."""
    try:
        files = distribution("django-htmx").files or []
    except PackageNotFoundError:
        raise RuntimeError(
            "htmx is missing: build with isolation, or install the build requirements first"
        ) from None
    for file in files:
        if file.name == HTMX_SOURCE:
            return Path(str(file.locate())).read_bytes()
    raise RuntimeError(f"the django-htmx distribution has no {HTMX_SOURCE}")


def provide_htmx(vendor: Path) -> None:
    """Make ``vendor`` hold the pinned htmx and its licence; a wrong hash is ``RuntimeError``."""
    target = vendor / "htmx.min.js"
    if not (target.is_file() and sha256(target.read_bytes()) == HTMX_SHA256):
        data = find_htmx()
        if sha256(data) != HTMX_SHA256:
            raise RuntimeError(f"{HTMX_SOURCE} has SHA-256 {sha256(data)}, expected {HTMX_SHA256}")
        vendor.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    (vendor / "htmx.LICENSE.txt").write_text(HTMX_LICENCE, encoding="utf-8")


def compile_catalogues(package: Path) -> None:
    """Compile each ``translations/<locale>/LC_MESSAGES/*.po`` newer than its ``.mo``."""
    for source in sorted(package.glob("translations/*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if target.is_file() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        with source.open("rb") as po:
            catalogue = read_po(po, locale=source.parent.parent.name)
        part = target.with_suffix(".mo.part")
        with part.open("wb") as mo:
            write_mo(mo, catalogue)
        part.replace(target)


class BuildHook(BuildHookInterface[Any]):
    """Hatch's entry: called before files are collected."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Provide what git ignores; ``version`` is "standard" or "editable", both are served."""
        package = Path(self.root) / "zhike"
        provide_htmx(package / "static" / "vendor")
        compile_catalogues(package)
