"""A guestbook 来宾留言簿."""

from zhike.api import Plugin

plugin = Plugin(
    name="acme_guestbook",
    title="Guestbook",
    title_zh="来宾留言簿",
    version="1.2.0",
    api=">=1.0,<2",
    optional=("sales_floor",),
    summary="Guests leave a word; the first few of a day get a small present.",
    summary_zh="来宾留一句话,每天前几位得一份小礼。",
    author="Acme",
)
