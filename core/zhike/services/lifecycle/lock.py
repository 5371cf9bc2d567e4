"""One operation on plugins at a time on the whole site, whoever asks and from wherever."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import NullPool, create_engine, func, select

from zhike.services.lifecycle.errors import LifecycleError

if TYPE_CHECKING:
    from zhike.site import Site

_KEY = 0x7A68706C67  # "zhplg"; another number than the schema lock, which is taken inside this one


@contextmanager
def operation(site: Site, name: str) -> Iterator[None]:
    """Hold the site's lock of plugin operations; both kinds die with the process that holds them.

    Raises LifecycleError (``busy``) where another operation runs: waiting would tie up the worker.
    """
    if site.config.is_sqlite:
        site.config.ensure_home()
        handle = os.open(
            site.config.home / "plugins.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
        )
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise _busy(name) from None
            yield
        finally:
            os.close(handle)
        return
    # A connection of its own: the lock belongs to it and must outlive the transactions inside.
    engine = create_engine(site.config.url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            if not connection.scalar(select(func.pg_try_advisory_lock(_KEY))):
                raise _busy(name)
            yield
    finally:
        engine.dispose()


def _busy(name: str) -> LifecycleError:
    return LifecycleError(
        "busy", "Another app is being installed, upgraded or uninstalled right now.", name
    )
