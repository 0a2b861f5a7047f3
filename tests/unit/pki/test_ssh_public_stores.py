from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.serialization import load_ssh_public_key

from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.errors import CertificateError
from ssmtp_compat.pki.stores.entries import MAXIMUM_KEYS
from ssmtp_compat.pki.stores.ssh_public import open_ssh_public
from unit.pki.mutations import WHAT, data, survives

KINDS = ("rsa", "p256", "ed25519")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("notation", ["pub", "rfc4716"])
def test_both_notations_of_openssh_open(kind: str, notation: str) -> None:
    store = open_ssh_public(data(f"{kind}.{notation}"), b"", WHAT)
    assert store.public_keys == (load_ssh_public_key(data(f"{kind}.pub")),)
    assert (store.entries, store.loose_keys) == ((), ())


def test_other_spellings_open() -> None:
    line, block = data("ed25519.pub"), data("ed25519.rfc4716")
    for content in (
        b"# remark\n\n" + line,
        b'from="*.example.test",no-pty ' + line,
        base64.encodebytes(line),
        block.replace(b"\n", b"\r\n"),
        block.replace(b"Comment: ", b"Subject: me\nComment: \\\n"),
    ):
        assert len(open_ssh_public(content, b"", WHAT).public_keys) == 1


def test_every_line_is_a_key_and_their_number_is_bounded() -> None:
    keys = b"".join(data(f"{kind}.pub") for kind in KINDS)
    assert len(open_ssh_public(keys, b"", WHAT).public_keys) == 3
    assert len(open_ssh_public(data("ed25519.pub") * 5000, b"", WHAT).public_keys) == MAXIMUM_KEYS


def test_a_store_of_public_keys_says_that_they_are_all_it_has() -> None:
    text = open_ssh_public(data("rsa.pub"), b"", WHAT).describe()
    assert text == "2048-bit RSA public key without a certificate or a private key"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "no SSH public key in the store under test"),
        (b"hello", "no SSH public key"),
        (data("rsa.openssh"), "CertStoreType 6 and 7"),
        (data("rsa-v2.ppk"), "CertStoreType 14 and 15"),
        (data("rsa.pub").replace(b"AAAAB3NzaC1yc2EAAAADAQAB", b"AAAAB3NzaC1yc2EAAAADAQAA"), "damaged"),
        (data("rsa.pub")[:60], "damaged"),
        (data("rsa.rfc4716").replace(b"AAAAB3", b"AAAAB!"), "damaged"),
        (b"ssh-new " + base64.b64encode(b"\0\0\0\7ssh-new"), "not supported"),
    ],
)
def test_what_cannot_be_opened_is_explained(content: bytes, text: str) -> None:
    with pytest.raises(CertificateError, match=text) as caught:
        open_ssh_public(content, b"", WHAT)
    assert caught.value.code is ErrorCode.CANNOT_OPEN_STORE


def test_any_change_gives_a_documented_error_or_a_store() -> None:
    survives(open_ssh_public, data("p256.pub"), data("rsa.rfc4716"), data("ed25519.pub"))
