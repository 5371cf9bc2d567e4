"""The demo: made once, where nothing is, with passwords nobody knows before."""

from __future__ import annotations

from pathlib import Path

import pytest

from zhike.cli import demo as command
from zhike.cli.user import random_password
from zhike.config import Config
from zhike.errors import ConfigError
from zhike.ops import demo, schema
from zhike.services import door
from zhike.site import Site


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(home=tmp_path / "demo", plugin_allow=())


def test_made_once_and_every_account_opens(config: Config) -> None:
    assert not demo.is_demo(config)
    demo.make(config, random_password)
    assert demo.is_demo(config)
    with pytest.raises(ConfigError, match="already"):
        demo.make(config, random_password)
    path = demo.accounts_file(config)
    assert path.stat().st_mode & 0o077 == 0
    accounts = [line.split()[:2] for line in path.read_text("utf-8").splitlines()]
    assert len({password for _login, password in accounts}) == len(accounts) >= 5
    site = Site.open(config)
    for number, (login, password) in enumerate(accounts):
        opened = door.sign_in(site, login, password, ip=f"10.0.{number}.1", agent="")
        assert isinstance(opened, door.SignedIn), login
    site.close()


def test_the_command_looks_for_the_right_file() -> None:
    assert command.ACCOUNTS == demo.ACCOUNTS


def test_two_demos_share_no_password(tmp_path: Path) -> None:
    seen: set[str] = set()
    for name in "ab":
        config = Config(home=tmp_path / name, plugin_allow=())
        demo.make(config, random_password)
        lines = demo.accounts_file(config).read_text("utf-8").splitlines()
        passwords = {line.split()[1] for line in lines}
        assert not passwords & seen
        seen |= passwords


def test_refuses_a_site_that_is_not_the_demo(config: Config) -> None:
    schema.begin(config)
    with pytest.raises(ConfigError, match="not the demo"):
        demo.make(config, random_password)


def test_an_interrupted_demo_says_so(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*arguments: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(demo, "_make_firm", interrupted)
    with pytest.raises(KeyboardInterrupt):
        demo.make(config, random_password)
    with pytest.raises(ConfigError, match="interrupted"):
        demo.is_demo(config)
