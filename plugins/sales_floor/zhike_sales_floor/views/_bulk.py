"""Acts on several rows of a list at once: what was chosen."""

from __future__ import annotations

import uuid

from flask import request

from zhike.api import UserError, _
from zhike_sales_floor.forms import uuid_of

#: No list shows more rows to choose from.
MOST = 500


def chosen() -> list[uuid.UUID]:
    """The rows that were chosen, each once; UserError for none."""
    ids = [one for one in (uuid_of(text) for text in request.form.getlist("ids")[:MOST]) if one]
    if not ids:
        raise UserError(_("Please choose at least one line."))
    return list(dict.fromkeys(ids))
