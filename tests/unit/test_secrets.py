"""Sealing, rotation of keys and the digest that finds equals."""

import subprocess
import sys
from collections.abc import Callable

import pytest

from storage.secrets import SealBroken, Vault, new_key

OLD, NEW = new_key(), new_key()


def test_what_is_sealed_opens_again() -> None:
    vault = Vault([OLD])
    assert vault.open(vault.seal("普通 1234567".encode())) == "普通 1234567".encode()
    assert vault.open(vault.seal(b"")) == b""


def test_sealed_bytes_hide_the_content_and_differ_each_time() -> None:
    vault = Vault([OLD])
    first, second = vault.seal(b"1234567"), vault.seal(b"1234567")
    assert first != second
    assert b"1234567" not in first


@pytest.mark.parametrize("value", [{"口座番号": "1234567", "種別": None}, ["髙", "﨑"], "x", 7, None])
def test_json_keeps_its_value(value: object) -> None:
    vault = Vault([OLD])
    assert vault.open_json(vault.seal_json(value)) == value


@pytest.mark.parametrize("harm", [lambda s: s[:-1], lambda s: s[8:], lambda s: b"", lambda s: b"\xff\x00"])
def test_harmed_seals_are_refused(harm: Callable[[bytes], bytes]) -> None:
    vault = Vault([OLD])
    sealed = harm(vault.seal(b"account"))
    for use in (vault.open, vault.open_json, vault.rotate):
        with pytest.raises(SealBroken):
            use(sealed)


def test_a_changed_byte_is_noticed() -> None:
    vault = Vault([OLD])
    sealed = bytearray(vault.seal(b"account"))
    sealed[30] ^= 1
    with pytest.raises(SealBroken):
        vault.open(bytes(sealed))


def test_another_key_does_not_open() -> None:
    with pytest.raises(SealBroken):
        Vault([NEW]).open(Vault([OLD]).seal(b"account"))


def test_rotation_moves_a_seal_to_the_new_key() -> None:
    sealed = Vault([OLD]).seal(b"account")
    both = Vault([NEW, OLD])
    assert both.open(sealed) == b"account"
    moved = both.rotate(sealed)
    assert Vault([NEW]).open(moved) == b"account"
    with pytest.raises(SealBroken):
        Vault([OLD]).open(moved)


def test_new_seals_use_the_newest_key() -> None:
    assert Vault([NEW]).open(Vault([NEW, OLD]).seal(b"account")) == b"account"


def test_digest_finds_equals_and_survives_a_new_key_in_front() -> None:
    before, after = Vault([OLD]), Vault([NEW, OLD])
    assert before.digest("1234567") == after.digest(b"1234567")
    assert before.digest("1234567") != before.digest("1234568")
    assert len(before.digest("")) == 64


def test_digest_needs_the_key() -> None:
    assert Vault([OLD]).digest("1234567") != Vault([NEW]).digest("1234567")


@pytest.mark.parametrize("keys", [[], [""], ["short"], [new_key(), "not a key"], ["あ" * 44], [new_key() + "AAAA"]])
def test_what_is_no_key_is_refused_at_once(keys: list[str]) -> None:
    with pytest.raises(ValueError, match="FIELD_KEYS"):
        Vault(keys)


def test_the_error_does_not_show_the_key() -> None:
    with pytest.raises(ValueError) as caught:
        Vault(["c2VjcmV0"])
    assert "c2VjcmV0" not in str(caught.value)


def test_heavy_packages_wait_until_they_are_needed() -> None:
    program = (
        "import sys, storage.secrets, storage.files, storage.images, storage.mail; "
        "storage.secrets.Vault([sys.argv[1]]); storage.files.open_store('s3://bucket/prefix', ''); "
        "storage.mail.open_mailer('ses:'); "
        "heavy = {'cryptography', 'boto3', 'botocore', 'PIL', 'pillow_heif', 'filetype'}; "
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", program, OLD], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
