"""XOAUTH2 by Google's description and OAUTHBEARER by the examples of RFC 7628 section 4."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssmtp_compat.errors import InvalidValueError, ProtocolError
from ssmtp_compat.smtp.auth.mechanism import Credentials
from ssmtp_compat.smtp.auth.oauth import OAuthBearer, XOAuth2

TOKEN = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=="
BOTH = pytest.mark.parametrize("mechanism", [XOAuth2, OAuthBearer])


@pytest.mark.parametrize(
    ("port", "encoded"),
    [
        (
            143,
            "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9QmVhcmVyIHZGOWRmdDRxbVRjMk"
            "52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB",
        ),
        (
            587,
            "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9NTg3AWF1dGg9QmVhcmVyIHZGOWRmdDRxbVRjMk"
            "52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB",
        ),
    ],
)
def test_oauthbearer_follows_the_examples_of_rfc_7628(port: int, encoded: str):
    credentials = Credentials("user@example.com", TOKEN, host="server.example.com", port=port)
    assert base64.b64encode(OAuthBearer(credentials).start()).decode() == encoded


def test_oauthbearer_carries_the_identity_in_the_users_place():
    credentials = Credentials("user", "t0ken", "boss,=")
    assert OAuthBearer(credentials).start() == b"n,a=boss=2C=3D,\x01auth=Bearer t0ken\x01\x01"


def test_xoauth2_follows_its_description():
    said = XOAuth2(Credentials("someuser@example.com", "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg")).start()
    assert said == b"user=someuser@example.com\x01auth=Bearer ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg\x01\x01"


@BOTH
@pytest.mark.parametrize("token", ["", "two words", "to\x01ken", "to\r\nken", "tökén"])
def test_what_is_no_token_is_refused_without_being_shown(mechanism, token: str):
    with pytest.raises(InvalidValueError) as caught:
        mechanism(Credentials("user", token))
    assert not token or token not in caught.value.message


@BOTH
@pytest.mark.parametrize("names", [("us\x01er", ""), ("us\0er", ""), ("user", "bo\x01ss")])
def test_a_name_cannot_begin_another_field(mechanism, names: tuple[str, str]):
    user, identity = names
    with pytest.raises(InvalidValueError, match="octet 1"):
        mechanism(Credentials(user, "t0ken", identity))


@pytest.mark.parametrize(("mechanism", "answer"), [(XOAuth2, b""), (OAuthBearer, b"\x01")])
def test_the_servers_error_is_answered_once_and_kept(mechanism, answer: bytes):
    # RFC 7628 section 4.4
    said = b'{"status":"invalid_token","schemes":"bearer mac","scope":"https://mail.google.com/"}'
    exchange = mechanism(Credentials("user", TOKEN))
    assert exchange.step(said) == answer
    assert exchange.refusal_detail == said.decode()
    with pytest.raises(ProtocolError, match="success"):
        exchange.finish()
    with pytest.raises(ProtocolError, match="goes on asking"):
        exchange.step(said)


@BOTH
def test_the_kept_error_shows_no_token_and_no_control_character_and_has_an_end(mechanism):
    exchange = mechanism(Credentials("user", TOKEN))
    exchange.step(f'{{"error":\r\n"token {TOKEN} is \x1b[31mbad"}}'.encode() + b"\xff" + b"x" * 5000)
    assert TOKEN not in exchange.refusal_detail
    assert "token **** is" in exchange.refusal_detail
    assert exchange.refusal_detail.isprintable()
    assert len(exchange.refusal_detail) == 500


@BOTH
@settings(deadline=None)
@given(said=st.binary(max_size=200))
def test_whatever_the_server_says_is_answered(mechanism, said: bytes):
    exchange = mechanism(Credentials("user", "t0ken"))
    assert exchange.step(said) in (b"", b"\x01")
    assert exchange.refusal_detail.isprintable()
