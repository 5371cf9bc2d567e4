"""Abstract bases of the core's own tables."""

from __future__ import annotations

from zhike.db.base import GlobalModel, ScopedModel


class CoreModel(ScopedModel):
    """A core table whose rows belong to one company."""

    __abstract__ = True
    __plugin__ = "core"


class CoreGlobal(GlobalModel):
    """A core table of the whole site."""

    __abstract__ = True
    __plugin__ = "core"
