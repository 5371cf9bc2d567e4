"""Sealing, blind indexes, the key file, rotation."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from zhike import clock
from zhike.config import Config
from zhike.errors import ZhikeError
from zhike.models.party import Party
from zhike.services import keys as k
from zhike.services.keys.keyring import check_secret
from zhike.site import Site

PHONE = "+8613812345678"


def sealed_party(site: Site, company: int, phone: str = PHONE) -> Party:
    with site.transaction(company) as s:
        party = Party(name="张三")
        party.key_id = site.keys.new_data_key(s)
        party.phone_sealed = site.keys.seal(s, party, "phone_sealed", phone, party.key_id)
        s.add(party)
    return party


def reveal(site: Site, company: int, party: Party) -> str:
    with site.reader(company) as s:
        return site.keys.unseal(s, s.require(Party, party.id), "phone_sealed")


def test_a_sealed_value_opens_in_another_process_and_is_not_in_the_files(
    any_site: Site, new_company: Callable[..., int]
) -> None:
    company = new_company(any_site)
    party = sealed_party(any_site, company)
    other = Site.open(any_site.config, plugins=False)
    assert reveal(other, company, party) == PHONE
    other.close()
    for path in any_site.config.home.rglob("*"):
        if path.is_file():
            assert PHONE.encode() not in path.read_bytes(), path
    assert party.phone_sealed is not None
    assert party.phone_sealed[:4] == b"zk1\x01"
    assert party.phone_sealed[4:20] == (party.key_id and party.key_id.bytes)


def test_the_same_value_is_sealed_differently_each_time(site: Site, company: int) -> None:
    one, two = sealed_party(site, company), sealed_party(site, company)
    assert one.phone_sealed is not None
    assert two.phone_sealed is not None
    assert one.phone_sealed[-30:] != two.phone_sealed[-30:]


def test_a_value_moved_to_another_row_column_or_company_does_not_open(
    site: Site, company: int, new_company: Callable[..., int]
) -> None:
    one, two = sealed_party(site, company), sealed_party(site, company, "+8613900000000")
    with site.reader(company) as s:
        with pytest.raises(ZhikeError, match="another row"):
            site.keys.unseal(s, two, "phone_sealed", one.phone_sealed)
        with pytest.raises(ZhikeError, match="another row"):
            site.keys.unseal(s, one, "identity_sealed", one.phone_sealed)
    with site.reader(new_company(site, "other")) as s, pytest.raises(k.Shredded):
        site.keys.unseal(s, one, "phone_sealed", one.phone_sealed)


@pytest.mark.parametrize("position", [0, 3, 10, 25, 35, -1])
def test_any_altered_byte_is_noticed(site: Site, company: int, position: int) -> None:
    party = sealed_party(site, company)
    assert party.phone_sealed is not None
    value = bytearray(party.phone_sealed)
    value[position] ^= 1
    with site.reader(company) as s, pytest.raises(ZhikeError):
        site.keys.unseal(s, party, "phone_sealed", bytes(value))


def test_destroying_the_key_destroys_the_value_in_every_process(site: Site, company: int) -> None:
    party = sealed_party(site, company)
    other = Site.open(site.config, plugins=False)
    assert reveal(other, company, party) == PHONE
    with site.transaction(company) as s:
        assert party.key_id is not None
        assert site.keys.destroy_data_key(s, party.key_id)
        assert not site.keys.destroy_data_key(s, party.key_id)
    for opened in (site, other):
        with pytest.raises(k.Shredded):
            reveal(opened, company, party)
    other.close()


def test_blind_index_matches_within_one_company_and_column_only(site: Site) -> None:
    blind = site.keys.blind
    assert blind(1, "party.phone", PHONE) == blind(1, "party.phone", PHONE)
    assert len(blind(1, "party.phone", PHONE)) == 16
    different = {
        blind(1, "party.phone", PHONE),
        blind(2, "party.phone", PHONE),
        blind(1, "party.identity", PHONE),
        blind(1, "party.phone", PHONE[:-1]),
    }
    assert len(different) == 4


def test_blind_index_is_the_same_in_another_process_and_after_rotation(
    site: Site, company: int
) -> None:
    before = site.keys.blind(company, "party.phone", PHONE)
    sealed_party(site, company)
    k.rotate(site, forget_old=True)
    other = Site.open(site.config, plugins=False)
    assert other.keys.blind(company, "party.phone", PHONE) == before
    other.close()


def test_key_file_is_private_and_first_start_is_race_free(sqlite_config: Config) -> None:
    code = (
        "import sys; from pathlib import Path; from zhike.config import Config;"
        "from zhike.services.keys import Keyring;"
        "print(Keyring.open(Config(home=Path(sys.argv[1]))).current.id)"
    )
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(sqlite_config.home)], stdout=subprocess.PIPE
        )
        for _ in range(6)
    ]
    seen = {run.communicate()[0] for run in runs}
    assert len(seen) == 1
    path = sqlite_config.home / "keys" / "master.keys"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert sorted(path.parent.iterdir()) == [path]


def test_key_file_open_to_others_is_refused(sqlite_config: Config) -> None:
    ring = k.Keyring.open(sqlite_config)
    ring.path.chmod(0o640)
    with pytest.raises(k.KeyringError, match="chmod 600"):
        k.Keyring.open(sqlite_config)


@pytest.mark.parametrize(
    "secret",
    [
        b"",
        os.urandom(16),
        os.urandom(31),
        bytes(32),
        b"\xff" * 32,
        bytes(range(32)),
        bytes(range(64, 0, -2)),
        b"changeme" * 4,
        b"thisIsMySecretKeyPleaseDoNotTell",
        bytes.fromhex("deadbeef") * 8,
        b"0123456789abcdef0123456789abcdef",
    ],
)
def test_short_and_known_keys_are_refused(secret: bytes) -> None:
    with pytest.raises(k.KeyringError):
        check_secret(secret, "here")


def test_random_keys_are_not_refused() -> None:
    for _ in range(20_000):
        check_secret(os.urandom(32), "here")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("master aa AAAA 2026-01-01\n", "32 bytes"),
        ("nonsense\n", "not a key"),
        ("master aa !!!! 2026-01-01\n", "damaged"),
        ("", "at least one master key"),
    ],
)
def test_damaged_key_file_says_what_is_wrong(sqlite_config: Config, text: str, says: str) -> None:
    ring = k.Keyring.open(sqlite_config)
    ring.path.write_text(text)
    with pytest.raises(k.KeyringError, match=says):
        k.Keyring.open(sqlite_config)


def test_the_same_key_twice_is_refused(sqlite_config: Config) -> None:
    ring = k.Keyring.open(sqlite_config)
    with ring.path.open("a") as file:
        file.write(f"master ff {base64.b64encode(ring.current.secret).decode()} 2026-01-01\n")
    with pytest.raises(k.KeyringError, match="twice"):
        k.Keyring.open(sqlite_config)


def test_a_named_key_file_that_is_missing_is_never_made(
    sqlite_config: Config, tmp_path: Path
) -> None:
    missing = tmp_path / "secret" / "zhike"
    with pytest.raises(k.KeyringError, match="does not exist"):
        k.Keyring.open(replace(sqlite_config, master_key_file=missing))
    assert not missing.exists()


def test_a_lost_key_file_is_not_replaced_under_sealed_data(site: Site, company: int) -> None:
    sealed_party(site, company)
    site.keys.keyring.path.unlink()
    other = Site.open(site.config, plugins=False)
    with pytest.raises(k.KeyringError, match="put it back"):
        _ = other.keys.keyring
    assert not other.config.home.joinpath("keys/master.keys").exists()
    other.close()


def test_rotation_rewraps_and_old_masters_may_be_forgotten(
    any_site: Site, new_company: Callable[..., int]
) -> None:
    companies = [new_company(any_site, f"c{n}") for n in range(3)]
    parties = [sealed_party(any_site, company) for company in companies]
    running = Site.open(any_site.config, plugins=False)  # a web process that knows the old file
    assert reveal(running, companies[0], parties[0]) == PHONE
    old = any_site.keys.keyring.current.id
    assert k.rotate(any_site) == 3
    state = k.status(any_site)
    assert (state.pending, state.masters, state.company_keys) == (0, 2, 3)
    assert state.current != old
    fresh = sealed_party(any_site, companies[1])
    assert k.rotate(any_site, forget_old=True) == 3
    assert k.status(any_site).masters == 1
    assert k.verify(any_site) == []
    for company, party in zip(companies, parties, strict=True):
        assert reveal(running, company, party) == PHONE
    assert reveal(running, companies[1], fresh) == PHONE
    running.close()


def test_rotation_that_was_interrupted_is_finished_not_started_again(
    site: Site, new_company: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    companies = [new_company(site, f"c{n}") for n in range(3)]
    parties = [sealed_party(site, company) for company in companies]
    wrap = k.KeyService.wrap_company_key

    def die(self: k.KeyService, company_id: int, *args: object) -> k.WrappedKey:
        if company_id == companies[1]:
            raise KeyboardInterrupt
        return wrap(self, company_id, *args)

    monkeypatch.setattr(k.KeyService, "wrap_company_key", die)
    with pytest.raises(KeyboardInterrupt):
        k.rotate(site)
    monkeypatch.undo()
    again = Site.open(site.config, plugins=False)
    state = k.status(again)
    assert (state.masters, state.pending) == (2, 2)
    for company, party in zip(companies, parties, strict=True):
        assert reveal(again, company, party) == PHONE
    assert k.rotate(again) == 2
    state = k.status(again)
    assert (state.masters, state.pending) == (2, 0)
    again.close()


KILLED_AT = """
import os, signal, sys
from pathlib import Path
from zhike.config import Config
from zhike.services import keys
from zhike.site import Site

site = Site.open(Config(home=Path(sys.argv[1])), plugins=False)
store, left = keys.DatabaseKeyStore, int(sys.argv[2])
rewrap = store.rewrap_company_key


def counted(self, s, key):
    global left
    rewrap(self, s, key)
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)


store.rewrap_company_key = counted
keys.rotate(site, forget_old=True)
"""


@pytest.mark.parametrize("point", [1, 2, 3])
def test_rotation_killed_at_any_company_leaves_everything_readable(
    site: Site, new_company: Callable[..., int], point: int
) -> None:
    companies = [new_company(site, f"c{n}") for n in range(3)]
    parties = [sealed_party(site, company) for company in companies]
    run = subprocess.run(
        [sys.executable, "-c", KILLED_AT, str(site.config.home), str(point)], check=False
    )
    assert run.returncode == -9
    again = Site.open(site.config, plugins=False)
    for opened in (site, again):
        for company, party in zip(companies, parties, strict=True):
            assert reveal(opened, company, party) == PHONE
    assert k.rotate(again, forget_old=True) == 4 - point  # what was killed had not committed
    assert k.verify(again) == []
    assert k.status(again).masters == 1
    again.close()


def test_a_new_year_brings_a_new_company_key_and_renewal_moves_all_data_keys(
    site: Site, company: int
) -> None:
    with clock.frozen(datetime(2026, 12, 31, 12, tzinfo=UTC)):
        old = [sealed_party(site, company) for _ in range(3)]
    with clock.frozen(datetime(2027, 1, 1, 12, tzinfo=UTC)):
        new = sealed_party(site, company)
        with site.reader(company) as s:
            assert [label for label, _ in site.keys.store.company_keys(s)] == ["2026", "2027"]
        assert k.renew_company_keys(site) == 4
        with site.reader(company) as s:
            stored = site.keys.store.company_keys(s)
            assert [label for label, _ in stored] == ["2026", "2027", "2027-3"]
            per_key = [len(site.keys.store.data_keys_by(s, key.id, None, 9)) for _, key in stored]
            assert per_key == [0, 0, 4]
    for party in (*old, new):
        assert reveal(site, company, party) == PHONE


def test_verify_names_what_does_not_open(site: Site, company: int) -> None:
    party = sealed_party(site, company)
    with site.transaction(company) as s:
        assert party.key_id is not None
        (_, kek) = site.keys.store.company_keys(s)[0]
        key = site.keys.store.data_keys_by(s, kek.id, None, 1)[0]
        broken = key.wrapped[:-1] + bytes((key.wrapped[-1] ^ 1,))
        site.keys.store.rewrap_data_key(s, k.WrappedKey(key.id, key.by, broken))
    (line,) = k.verify(site)
    assert str(party.key_id) in line


def test_secrets_do_not_show_in_repr(site: Site) -> None:
    ring = site.keys.keyring
    for shown in (repr(ring), repr(ring.current)):
        assert base64.b64encode(ring.current.secret).decode() not in shown
        assert repr(ring.current.secret) not in shown
