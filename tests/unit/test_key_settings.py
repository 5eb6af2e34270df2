"""SECRET_KEY, FIELD_KEYS and DIGEST_KEY: what is refused before anything starts, and in which words."""

from pathlib import Path

import pytest

from handlers.settings import Settings, SettingsError, read
from storage.secrets import Vault, new_key

ONE, TWO = new_key(), new_key()
SIGNS, SIGNED = "s" * 40, "t" * 40


def production(**more: str) -> Settings:
    given = {"LINE_CHANNEL_SECRET": "x", "LINE_CHANNEL_ACCESS_TOKEN": "y", "SECRET_KEY": SIGNS, "FIELD_KEYS": ONE}
    return read({**given, **more}, Path("nowhere"))


def test_several_keys_are_read_newest_first():
    at = production(SECRET_KEY=f" {SIGNS} , {SIGNED}", FIELD_KEYS=f"{TWO},{ONE}", DIGEST_KEY=ONE)
    assert (at.secret_key, at.secret_keys) == (SIGNS, (SIGNS, SIGNED))
    assert (at.field_keys, at.digest_key) == ((TWO, ONE), ONE)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"SECRET_KEY": "short"}, "32 characters"),
        ({"SECRET_KEY": f"{SIGNS},short"}, "32 characters"),
        ({"SECRET_KEY": f"{SIGNS},{SIGNS}"}, "SECRET_KEY names the same key twice"),
        ({"SECRET_KEY": " , "}, "SECRET_KEY holds no key"),
        ({"SECRET_KEY": ""}, "SECRET_KEY is required"),
        ({"SECRET_KEY": f"{SIGNS},{ONE}"}, "SECRET_KEY and FIELD_KEYS hold the same key"),
        ({"FIELD_KEYS": f"{ONE},{ONE}"}, "FIELD_KEYS names the same key twice"),
        ({"FIELD_KEYS": f"{ONE},{TWO[:-4]}"}, "key 2 of FIELD_KEYS"),
        ({"FIELD_KEYS": ","}, "FIELD_KEYS holds no key"),
        ({"DIGEST_KEY": f"{ONE},{TWO}"}, "DIGEST_KEY is not 32 bytes"),
    ],
)
def test_what_cannot_be_meant_is_refused(given: dict[str, str], said: str):
    with pytest.raises(SettingsError, match=said) as refused:
        production(**given)
    assert not any(key in str(refused.value) for key in (ONE, TWO, SIGNS, SIGNED)), "a key is never shown"


def test_digests_hang_on_their_own_key_and_without_one_on_the_last():
    before = Vault([ONE])
    assert Vault([TWO, ONE]).digest("x") == before.digest("x")
    assert Vault([ONE, TWO]).digest("x") != before.digest("x")
    assert Vault([ONE, TWO], ONE).digest("x") == Vault([TWO], ONE).digest("x") == before.digest("x")
    with pytest.raises(ValueError, match="32 bytes"):
        Vault([ONE], "short")
