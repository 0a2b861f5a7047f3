"""What a proxy asks for, however it is written, and the answer of Digest to the letter."""

import hashlib

import pytest

from ssmtp_compat.errors import UnsupportedError
from ssmtp_compat.tunnel import http_login
from ssmtp_compat.tunnel.http_login import Challenge, choose_login, parse_challenges
from ssmtp_compat.tunnel.options import ProxyKind, TunnelError, TunnelOptions

OPTIONS = TunnelOptions(kind=ProxyKind.HTTP, host="p", port=1, user="Mufasa", password="Circle of Life")


@pytest.mark.parametrize(
    ("values", "challenges"),
    [
        ([], []),
        (["Basic"], [("basic", "", {})]),
        (["Basic realm=x"], [("basic", "", {"realm": "x"})]),
        (['BASIC Realm = "a, \\"b\\"" , charset="UTF-8"'], [("basic", "", {"realm": 'a, "b"', "charset": "UTF-8"})]),
        (["Negotiate, NTLM, Basic realm=x"], [("negotiate", "", {}), ("ntlm", "", {}), ("basic", "", {"realm": "x"})]),
        (["NTLM TlRMTVNTUAAC=="], [("ntlm", "TlRMTVNTUAAC==", {})]),
        (["NTLM abc, Basic realm=x"], [("ntlm", "abc", {}), ("basic", "", {"realm": "x"})]),
        (["realm=x", "Basic"], [("realm", "", {}), ("basic", "", {})]),
        (['Digest realm="never ends', "Basic"], [("digest", "realm", {}), ("basic", "", {})]),
        ([", ,", "(", "Basic"], [("basic", "", {})]),
        (["Digest nonce=a, nonce=b"], [("digest", "", {"nonce": "a"})]),
    ],
)
def test_challenges(values, challenges):
    found = [(challenge.scheme, challenge.token, challenge.parameters) for challenge in parse_challenges(values)]
    if values[:1] in (["realm=x"], ['Digest realm="never ends']):  # malformed: only the next field matters
        assert found[-1] == challenges[-1]
    else:
        assert found == challenges


def test_a_long_field_is_read_in_little_time():
    for text in ("Digest " + 'a="' * 5000, "a " * 8000, "a=" * 8000, 'a="\\' * 4000, "NTLM " + "A" * 16000 + "!"):
        parse_challenges([text])


# The example of RFC 7616 3.9.1, with CONNECT in place of GET the hashes differ, so they are worked out once more here.
@pytest.mark.parametrize(("algorithm", "name"), [("MD5", "md5"), ("SHA-256", "sha256"), ("SHA-256-sess", "sha256")])
def test_the_answer_of_digest(algorithm, name, monkeypatch):
    monkeypatch.setattr(http_login.secrets, "token_hex", lambda _: "cn")
    parameters = {"realm": 'a"b', "nonce": "n", "qop": "auth-int, auth", "opaque": "o", "algorithm": algorithm}

    def h(text):
        return hashlib.new(name, text.encode()).hexdigest()

    a1 = h('Mufasa:a"b:Circle of Life')
    if algorithm.endswith("sess"):
        a1 = h(f"{a1}:n:cn")
    response = h(f"{a1}:n:00000001:cn:auth:{h('CONNECT:mail:25')}")
    login = choose_login([Challenge("digest", parameters=parameters)], OPTIONS, "CONNECT", "mail:25")
    assert login.answer([Challenge("digest", parameters=parameters)]).decode() == (
        f'Digest username="Mufasa", realm="a\\"b", nonce="n", uri="mail:25", response="{response}", cnonce="cn", '
        f'qop=auth, nc=00000001, algorithm={algorithm}, opaque="o"'
    )


def digest(**parameters):
    return Challenge("digest", parameters={"realm": "x", "nonce": "n", "qop": "auth", **parameters})


BASIC = Challenge("basic", parameters={"realm": "x"})
NTLM = Challenge("ntlm")


@pytest.mark.parametrize(
    ("offered", "begins"),
    [
        ([], b"Basic "),
        ([BASIC], b"Basic "),
        ([BASIC, digest()], b"Digest "),
        ([BASIC, NTLM], b"NTLM "),
        ([NTLM, digest()], b"Digest "),
        ([BASIC, digest(nonce="")], b"Basic "),
        ([BASIC, digest(qop="auth-int")], b"Basic "),
        ([BASIC, digest(algorithm="SHA-512-256")], b"Basic "),
        ([BASIC, digest(algorithm="MD5-se\xdf")], b"Basic "),
    ],
)
def test_the_strongest_login_is_taken(offered, begins):
    pytest.importorskip("spnego")
    assert choose_login(offered, OPTIONS, "CONNECT", "mail:25").answer(offered).startswith(begins)


def test_sha_256_goes_before_md5():
    offered = [digest(algorithm="MD5"), digest(algorithm="SHA-256")]
    assert b"algorithm=SHA-256" in choose_login(offered, OPTIONS, "CONNECT", "mail:25").answer(offered)


def test_without_the_extra_a_weaker_login_will_do_and_its_lack_is_told_where_there_is_none(monkeypatch):
    monkeypatch.setitem(http_login.__dict__, "find_spec", lambda _: None)
    monkeypatch.setitem(__import__("sys").modules, "spnego", None)
    assert choose_login([NTLM, BASIC], OPTIONS, "CONNECT", "mail:25").answer([NTLM, BASIC]).startswith(b"Basic ")
    with pytest.raises(UnsupportedError, match=r"ssmtp_compat\[ntlm\]"):
        choose_login([Challenge("negotiate")], OPTIONS, "CONNECT", "mail:25").answer([Challenge("negotiate")])


def test_a_stale_nonce_is_answered_once_more_and_a_wrong_password_is_not():
    login = choose_login([digest()], OPTIONS, "CONNECT", "mail:25")
    assert login.answer([digest()])
    assert login.answer([digest()]) is None
    login = choose_login([digest()], OPTIONS, "CONNECT", "mail:25")
    assert login.answer([digest()])
    assert b'nonce="m"' in login.answer([digest(nonce="m", stale="TRUE")])
    assert login.answer([digest(nonce="k", stale="true")]) is None


def test_a_token_that_is_none_is_the_proxys_fault():
    pytest.importorskip("spnego")
    for token in ("AAAA", "a", "TlRMTVNTUAACAAAA"):
        login = choose_login([NTLM], OPTIONS, "CONNECT", "mail:25")
        assert login.answer([NTLM])
        with pytest.raises(TunnelError, match="NTLM message"):
            login.answer([Challenge("ntlm", token)])


def test_an_exchange_of_tokens_that_never_completes_ends():
    class Endless:
        complete = False

        def begin(self):
            return b"x"

        def step(self, _):
            return b"x"

    login = choose_login([Challenge("negotiate")], OPTIONS, "CONNECT", "mail:25")
    login._context = Endless()
    answers = [login.answer([Challenge("negotiate", "eA==")]) for _ in range(6)]
    assert answers == [b"Negotiate eA=="] * 5 + [None]
