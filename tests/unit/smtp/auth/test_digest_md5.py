"""DIGEST-MD5 by the examples of RFC 2831 section 4, the grammar of its challenges, and a server without the secret."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssmtp_compat.errors import InvalidValueError, ProtocolError
from ssmtp_compat.smtp.auth import digest_md5
from ssmtp_compat.smtp.auth.digest_md5 import DigestMD5
from ssmtp_compat.smtp.auth.mechanism import Credentials

CHRIS = Credentials("chris", "secret", host="elwood.innosoft.com")


def challenge(**directives: str) -> bytes:
    values = {"nonce": '"abc"', "qop": '"auth"', "charset": "utf-8", "algorithm": "md5-sess", **directives}
    return ",".join(f"{name}={value}" for name, value in values.items() if value).encode()


def fields(response: bytes) -> dict[str, str]:
    """A response whose quoted values hold no comma."""
    pairs = (part.partition("=") for part in response.decode().split(","))
    return {name: value.strip('"') for name, _, value in pairs}


@pytest.mark.parametrize(
    ("service", "server_nonce", "cnonce", "response", "rspauth"),
    [
        (
            "imap",
            "OA6MG9tEQGm2hh",
            "OA6MHXh6VqTrRk",
            "d388dad90d4bbd760a152321f2143af7",
            "ea40f60335c427b5527b84dbabcdfffd",
        ),
        (
            "acap",
            "OA9BSXrbuRhWay",
            "OA9BSuZWMSpW8m",
            "6084c6db3fede7352c551284490fd0fc",
            "2f0b3d7c3c2e486600ef710726aa2eae",
        ),
    ],
)
def test_the_examples_of_rfc_2831(monkeypatch, service, server_nonce, cnonce, response, rspauth):
    monkeypatch.setattr(digest_md5, "SERVICE", service)
    mechanism = DigestMD5(CHRIS, cnonce)
    assert mechanism.start() is None
    said = mechanism.step(
        f'realm="elwood.innosoft.com",nonce="{server_nonce}",qop="auth",algorithm=md5-sess,charset=utf-8'.encode()
    )
    assert fields(said) == {
        "charset": "utf-8",
        "username": "chris",
        "realm": "elwood.innosoft.com",
        "nonce": server_nonce,
        "nc": "00000001",
        "cnonce": cnonce,
        "digest-uri": f"{service}/elwood.innosoft.com",
        "response": response,
        "qop": "auth",
    }
    assert mechanism.step(f"rspauth={rspauth}".encode()) == b""
    mechanism.finish()


@pytest.mark.parametrize("final", [b"rspauth=" + b"0" * 32, b"rspauth=", b"", b"rspauth=x,rspauth=y", b"\xff"])
def test_a_server_that_does_not_prove_itself_is_not_believed(final: bytes):
    mechanism = DigestMD5(CHRIS, "c")
    with pytest.raises(ProtocolError, match="without having proved"):
        mechanism.finish()
    mechanism.step(challenge())
    with pytest.raises(ProtocolError):
        mechanism.step(final)
    with pytest.raises(ProtocolError, match="without having proved"):
        mechanism.finish()


def rspauth(credentials: Credentials, realm: str = "", tail: bytes = b"") -> bytes:
    """What the server of ``challenge()`` proves with, for the cnonce ``c``: RFC 2831 section 2.1.3."""
    names = ":".join((credentials.user, realm, credentials.password)).encode("latin-1")
    a1 = hashlib.md5(hashlib.md5(names).digest() + b":abc:c" + tail).hexdigest()
    a2 = hashlib.md5(f":smtp/{credentials.host}".encode()).hexdigest()
    return b"rspauth=" + hashlib.md5(f"{a1}:abc:00000001:c:auth:{a2}".encode()).hexdigest().encode()


def test_the_identity_is_sent_and_hashed():
    credentials = Credentials("chris", "secret", "boss", "mx.test")
    mechanism = DigestMD5(credentials, "c")
    assert fields(mechanism.step(challenge()))["authzid"] == "boss"
    assert mechanism.step(rspauth(credentials, tail=b":boss")) == b""


def test_what_latin_1_can_express_is_hashed_in_it():
    credentials = Credentials("üser", "pässwörd", host="mx.test")
    mechanism = DigestMD5(credentials, "c")
    assert fields(mechanism.step(challenge(realm='"müller.test"')))["username"] == "üser"
    assert mechanism.step(rspauth(credentials, "müller.test")) == b""


@pytest.mark.parametrize("charset", ["utf-8", '"UTF-8"', "Utf-8"])
def test_a_server_names_utf_8_in_any_case(charset: str):
    said = DigestMD5(Credentials("жук", "pw", host="mx.test"), "c").step(challenge(charset=charset))
    assert said.startswith('charset=utf-8,username="жук"'.encode())


def test_a_server_without_utf_8_gets_latin_1_or_nothing():
    said = DigestMD5(Credentials("üser", "pw", host="mx.test"), "c").step(challenge(charset=""))
    assert b'username="\xfcser"' in said
    assert b"charset" not in said
    for credentials in (Credentials("жук", "secret"), Credentials("chris", "жук-secret")):
        with pytest.raises(InvalidValueError, match="ISO 8859-1") as caught:
            DigestMD5(credentials, "c").step(challenge(charset=""))
        assert "жук" not in caught.value.message


@pytest.mark.parametrize(
    ("user", "offered", "chosen"),
    [
        ("chris", ["one.test", "two.test"], "one.test"),
        ("chris@two.test", ["one.test", "two.test"], "two.test"),
        ("chris@three.test", ["one.test", "two.test"], "one.test"),
        ("two.test", ["one.test", "two.test"], "one.test"),
        ("chris", [], None),
    ],
)
def test_the_realm_is_the_users_or_the_first(user: str, offered: list[str], chosen: str | None):
    realms = ",".join(f'realm="{realm}"' for realm in offered)
    said = DigestMD5(Credentials(user, "pw", host="mx.test"), "c").step(challenge() + f",{realms}".encode())
    assert fields(said).get("realm") == chosen
    assert fields(said)["username"] == user


def test_quoted_values_are_read_and_written_with_their_escapes():
    said = DigestMD5(Credentials('a"b\\c', "pw", host="mx.test"), "c").step(challenge(nonce='"n\\"\\\\x"'))
    assert b'username="a\\"b\\\\c"' in said
    assert b'nonce="n\\"\\\\x"' in said


@pytest.mark.parametrize(
    "said",
    [
        challenge() + b", , ,",
        b" " + challenge(qop='"auth-int, auth"'),
        challenge(qop=""),
        challenge(algorithm="MD5-sess", charset='"UTF-8"'),
        challenge(cipher='"rc4,des"', maxbuf="65536", stale="true", later='"x"', another="y"),
        challenge().replace(b",", b",\r\n\t").replace(b"=", b" = "),
    ],
)
def test_what_the_grammar_allows_is_understood(said: bytes):
    assert fields(DigestMD5(CHRIS, "c").step(said))["nonce"] == "abc"


def test_the_longest_challenge_has_2047_octets():
    said = challenge(later="x")
    longest = said + b"x" * (2047 - len(said))
    assert DigestMD5(CHRIS, "c").step(longest)
    with pytest.raises(ProtocolError, match="2048 octets or more"):
        DigestMD5(CHRIS, "c").step(longest + b"x")


def test_a_realm_that_is_no_utf_8_is_given_back_as_it_came():
    """Although the server said that it speaks UTF-8."""
    assert b'realm="m\xfcller.test"' in DigestMD5(CHRIS, "c").step(challenge() + b',realm="m\xfcller.test"')


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (challenge(nonce=""), "no nonce"),
        (challenge(nonce='""'), "no nonce"),
        (challenge() + b',nonce="def"', "nonce twice"),
        (challenge() + b",qop=auth", "qop twice"),
        (challenge(qop='"auth-int,auth-conf"'), "qop=auth"),
        (challenge(algorithm=""), "md5-sess"),
        (challenge(algorithm="md5"), "md5-sess"),
        (challenge(nonce='"abc'), "malformed"),
        (challenge(nonce='"abc"x'), "malformed"),
        (challenge(nonce="a b"), "malformed"),
        (challenge() + b",lonely", "malformed"),
        (challenge() + b",=x", "malformed"),
        (challenge() + b",x=\xff", "malformed"),
        (challenge(nonce=f'"{"n" * 2048}"'), "2048"),
        (b"", "no nonce"),
    ],
)
def test_what_it_does_not_allow_is_refused(said: bytes, reason: str):
    with pytest.raises(ProtocolError, match=reason):
        DigestMD5(CHRIS, "c").step(said)


@pytest.mark.parametrize(
    "credentials", [Credentials("u\r\n", "p"), Credentials("u", "p\0"), Credentials("u", "p", "\x07")]
)
def test_control_characters_are_refused(credentials: Credentials):
    with pytest.raises(InvalidValueError):
        DigestMD5(credentials)


def test_nothing_is_asked_behind_the_proof():
    mechanism = DigestMD5(CHRIS, "c")
    mechanism.step(challenge())
    mechanism.step(rspauth(CHRIS))
    mechanism.finish()
    with pytest.raises(ProtocolError, match="goes on asking"):
        mechanism.step(b"")


DIRECTIVES = st.from_regex(rb'(realm|nonce|qop|charset|algorithm|x)[ =,"\\]{1,3}[a-z0-9",\\ -]{0,12}', fullmatch=True)


@settings(deadline=None)
@given(st.binary(max_size=300) | st.lists(DIRECTIVES, max_size=8).map(b",".join), st.binary(max_size=60))
def test_whatever_the_server_says_only_a_protocol_error_comes_out(said: bytes, final: bytes):
    mechanism = DigestMD5(CHRIS, "c")
    try:
        mechanism.step(said)
        mechanism.step(final)
        mechanism.finish()
    except ProtocolError:
        return
    raise AssertionError("nothing of this proves anything")
