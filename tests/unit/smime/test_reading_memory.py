"""Reading holds a message whole, and not many times over."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import pytest

from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.errors import SSMTPError
from ssmtp_compat.smime.decrypting import decrypt_message
from ssmtp_compat.smime.verifying import Trust, verify_message
from unit.pki.authority import NOW, Issued, issue, name, rsa_key
from unit.smime import forge
from unit.smime.forge import enveloped, key_transport, rules, signed, signer_info

BIG = forge.CONTENT + b"x" * 70 * 50_000
GOAL = 3.5


@pytest.fixture(scope="module")
def bob() -> Issued:
    return issue(name(("CN", "Bob")), rsa_key(2), emails=["alice@example.test"])


def opaque(bob: Issued) -> bytes:
    return forge.opaque(signed(signer_info(bob, rules(BIG)), certificates=[bob.certificate.der], content=BIG))


def detached(bob: Issued) -> bytes:
    cms = signed(signer_info(bob, rules(BIG)), certificates=[bob.certificate.der], content=None)
    return forge.detached(cms, BIG)


def encrypted(bob: Issued) -> bytes:
    return forge.opaque(enveloped(key_transport(bob), encrypted=forge.cbc(BIG)))


def authenticated(bob: Issued) -> bytes:
    content, tag = forge.gcm(BIG)
    return forge.opaque(forge.auth_enveloped(key_transport(bob), encrypted=content, tag=tag))


@pytest.mark.parametrize("made", [opaque, detached, encrypted, authenticated], ids=lambda made: made.__name__)
def test_the_memory_is_a_few_times_that_of_the_message(made: Callable[[Issued], bytes], bob: Issued):
    message = made(bob)

    def read() -> bytes:
        if made in (opaque, detached):
            verification = verify_message(message, Trust((bob.certificate,), NOW))
            assert verification.verified
            return verification.content
        return decrypt_message(message, [bob.key_pair]).content

    tracemalloc.start()
    try:
        content = read()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert content == BIG
    assert peak < GOAL * len(message)


def long_parameter(size: int) -> bytes:
    return b'Content-Type: multipart/signed; boundary="' + b"\\x" * (size // 2)


def long_header(size: int) -> bytes:
    return b"A: b\r\n" * (size // 6)


@pytest.mark.parametrize(
    ("hostile", "words", "goal"),
    [
        (long_parameter(1_000_000), "parameters of a Content field", 15),
        (long_parameter(5_000_000), "header of the message is longer", 3),
        (long_header(5_000_000), "header of the message is longer", 3),
    ],
)
def test_a_header_made_to_fill_the_memory_does_not(hostile: bytes, words: str, goal: int):
    message = hostile + b"\r\n\r\nbody\r\n"
    tracemalloc.start()
    try:
        with pytest.raises(SSMTPError, match=words) as refused:
            verify_message(message, Trust((), NOW))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert refused.value.code == ErrorCode.MESSAGE_DECODING
    assert peak < goal * len(message)
