"""The sales floor 案场轮接: whose turn it is, whose customer, whose sale, and why.

This module holds the manifest and nothing heavier; ``hooks.py`` says what the plugin contributes.
"""

from __future__ import annotations

from zhike.api import Plugin

plugin = Plugin(
    name="sales_floor",
    title="Sales floor",
    title_zh="案场轮接",
    version="0.1.0",
    summary="Receives visitors in turn, keeps ownership, works out credit: each with its clause.",
    summary_zh="按制度轮流接待来访客户,管归属,算业绩,每一步都说得出依据。",
    author="Zhike",
)
