"""Zhike 知客: a company's regulations for its customer work, as the running thing.

Importing this package does one thing before anything else can: it makes the bundled SQLite the only
SQLite of the process. SQLite before 3.51.3 can lose committed pages when two connections write and
checkpoint at the same instant, and most distributions still ship one of those. Two SQLite
libraries in one process are worse: POSIX file locks belong to the process, so they do not keep the
two apart. Hence the swap is for everybody, plugins included, and it happens here and nowhere else.
Where no bundled library exists (linux on other processors than x86_64) the standard one serves,
with the write gate on.
"""

import sys
from importlib import import_module

__version__ = "0.1.0"


def _use_bundled_sqlite() -> bool:
    """Put pysqlite3 in the place of ``sqlite3``; False where the platform has no such wheel."""
    try:
        bundled = import_module("pysqlite3")
        dbapi2 = import_module("pysqlite3.dbapi2")
    except ModuleNotFoundError:
        return False
    sys.modules["sqlite3"] = bundled
    sys.modules["sqlite3.dbapi2"] = dbapi2
    return True


bundled_sqlite = _use_bundled_sqlite()
