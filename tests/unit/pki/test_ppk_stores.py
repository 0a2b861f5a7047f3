from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.kdf import argon2
from cryptography.hazmat.primitives.serialization import load_ssh_public_key

from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.errors import CertificateError
from ssmtp_compat.pki.stores.ppk import open_ppk
from unit.pki.mutations import DATA, PASSWORD, WHAT, data, survives

PLAIN = sorted(path.name for path in DATA.glob("*-v[23].ppk") if not path.name.startswith("dsa"))
SEALED = [
    file
    for file in sorted(path.name for path in DATA.glob("*-v[23]-*.ppk"))
    # Older versions of cryptography have Argon2id alone.
    if hasattr(argon2, "Argon2d") or not file.endswith(("-argon2d.ppk", "-argon2i.ppk"))
]


def stated_public_key(file: str):
    """The public key as the file itself states it, read by cryptography."""
    lines = data(file).decode().splitlines()
    kind = lines[0].split(": ")[1]
    count = int(lines[3].split(": ")[1])
    return load_ssh_public_key(f"{kind} {''.join(lines[4 : 4 + count])}".encode())


@pytest.mark.parametrize("file", PLAIN + SEALED)
def test_what_puttygen_writes_opens(file: str) -> None:
    (key,) = open_ppk(data(file), PASSWORD if file in SEALED else b"", WHAT).loose_keys
    assert key.public_key() == stated_public_key(file)


def test_the_fixtures_are_of_every_kind() -> None:
    assert len(PLAIN) == 8
    assert len(SEALED) == (8 if hasattr(argon2, "Argon2d") else 6)


@pytest.mark.parametrize("file", SEALED)
def test_an_encrypted_key_opens_with_its_password_only(file: str) -> None:
    for password, text in ((b"", "is encrypted, and no password was given"), (b"other-secret", "does not open it")):
        with pytest.raises(CertificateError, match=text) as caught:
            open_ppk(data(file), password, WHAT)
        assert caught.value.code is ErrorCode.CANNOT_OPEN_STORE
        assert "secret" not in str(caught.value)


@pytest.mark.parametrize("file", PLAIN)
def test_a_needless_password_does_no_harm(file: str) -> None:
    assert open_ppk(data(file), b"needless", WHAT).loose_keys


@pytest.mark.parametrize("form", ["crlf", "cr", "base64"])
def test_other_spellings_open(form: str) -> None:
    content = data("ed25519-v3.ppk")
    content = {
        "crlf": content.replace(b"\n", b"\r\n"),
        "cr": content.replace(b"\n", b"\r"),
        "base64": base64.encodebytes(content),
    }[form]
    assert open_ppk(content, b"", WHAT).loose_keys


@pytest.mark.parametrize("file", ["ed25519-v2.ppk", "ed25519-v3.ppk", "ed25519-v2-secret.ppk", "ed25519-v3-secret.ppk"])
@pytest.mark.parametrize("change", [(b"ed25519 key", b"ed25519 kex"), (b"Private-MAC: ", b"Private-MAC: 00")])
def test_the_mac_covers_what_stands_in_clear(file: str, change: tuple[bytes, bytes]) -> None:
    with pytest.raises(CertificateError, match="it is damaged"):
        open_ppk(data(file).replace(*change), PASSWORD, WHAT)


def test_a_private_part_of_another_key_is_noticed_by_the_mac() -> None:
    lines, others = (data(file).splitlines() for file in ("ed25519-v2.ppk", "p256-v2.ppk"))
    with pytest.raises(CertificateError, match="it is damaged"):
        open_ppk(b"\n".join([*lines[:6], *others[7:]]), b"", WHAT)


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        (b"Argon2-Memory: 256", b"Argon2-Memory: 4294967295", "4294967295 KiB"),
        (b"Argon2-Memory: 256", b"Argon2-Memory: 262145", "262145 KiB"),
        (b"Argon2-Passes: 2", b"Argon2-Passes: 4294967295", "4294967295 passes"),
        (b"Argon2-Parallelism: 1", b"Argon2-Parallelism: 17", "17 lanes"),
        (b"Argon2-Passes: 2", b"Argon2-Passes: -2", "a number is none"),
        (b"Argon2-Passes: 2", b"Argon2-Passes: 0", "cannot be read"),
        (b"Argon2id", b"scrypt", "key derivation is not known"),
        (b"Public-Lines: 2", b"Public-Lines: 201", "at most 200"),
        (b"Public-Lines: 2", b"Public-Lines: 1", "the line Key-Derivation is missing"),
        (b"aes256-cbc", b"aes128-cbc", "encryption is not known"),
        (b"File-3", b"File-1", "only versions 2 and 3"),
        (b"PuTTY", b"Pageant", "no PuTTY key file"),
        (b"Comment", b"Remark", "the line Comment is missing"),
        (b"Argon2-Salt: ", b"Argon2-Salt: xy", "damaged"),
    ],
)
def test_what_cannot_be_opened_is_explained(old: bytes, new: bytes, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if b"Passes: 0" not in new:
        monkeypatch.setattr(argon2, "Argon2id", lambda **_: pytest.fail("the work was begun"))
    content = data("ed25519-v3-secret.ppk")
    assert old in content
    with pytest.raises(CertificateError, match=text) as caught:
        open_ppk(content.replace(old, new), PASSWORD, WHAT)
    assert caught.value.code is ErrorCode.CANNOT_OPEN_STORE


def test_a_dsa_key_is_refused_by_name() -> None:
    with pytest.raises(CertificateError, match="it is a DSA key"):
        open_ppk(data("dsa-v3.ppk"), b"", WHAT)


def test_a_flavour_that_an_old_cryptography_lacks_is_not_supported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(argon2, "Argon2d", raising=False)
    with pytest.raises(CertificateError, match="encrypted in a way that is not supported here"):
        open_ppk(data("ed25519-v3-argon2d.ppk"), PASSWORD, WHAT)


def test_any_change_gives_a_documented_error_or_a_store() -> None:
    survives(open_ppk, *(data(file) for file in ("ed25519-v2.ppk", "p256-v3-secret.ppk", "rsa-v2-secret.ppk")))


def test_any_change_under_a_right_mac_gives_a_documented_error_or_a_store(monkeypatch: pytest.MonkeyPatch) -> None:
    # Whoever makes a hostile file makes its MAC too.
    monkeypatch.setattr("ssmtp_compat.pki.stores.ppk.hmac.compare_digest", lambda *_: True)
    survives(open_ppk, *(data(file) for file in ("ed25519-v2.ppk", "p256-v3.ppk", "rsa-v3.ppk")))
