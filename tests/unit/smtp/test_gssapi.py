"""GSSAPI, with a security context that the test plays: what RFC 4752 has around Kerberos, without any Kerberos."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest
import spnego
from hypothesis import given
from hypothesis import strategies as st

from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.errors import ProtocolError, SSMTPError
from ssmtp_compat.smtp.auth import registry
from ssmtp_compat.smtp.auth.gssapi import choose_no_layer
from ssmtp_compat.smtp.auth.mechanism import ChannelBinding, Credentials, Mechanism

PASSWORD = "hunter2"
SEAL = b"sealed:"
OFFER = SEAL + b"\x07\x00\x10\x00"


class Context:
    """Two tokens, ``ticket`` and ``proof``, and a seal that anybody can make."""

    complete = False

    def __init__(self, credential: spnego.Credential, **options: Any) -> None:
        self.credential, self.options = credential, options

    def step(self, token: bytes | None = None) -> bytes | None:
        if token is None:
            return b"ticket"
        if token != b"proof":
            raise RuntimeError(f"{PASSWORD} does not open it")
        self.complete = True
        return None

    def unwrap(self, data: bytes) -> SimpleNamespace:
        if not data.startswith(SEAL):
            raise RuntimeError("the seal is broken")
        return SimpleNamespace(data=data.removeprefix(SEAL))

    def wrap(self, content: bytes, encrypt: bool = True) -> SimpleNamespace:
        assert not encrypt
        return SimpleNamespace(data=SEAL + content)


@pytest.fixture
def contexts(monkeypatch: pytest.MonkeyPatch) -> list[Context]:
    """The contexts that were asked for."""
    made: list[Context] = []

    def client(*arguments: Any, **options: Any) -> Context:
        made.append(Context(*arguments, **options))
        return made[-1]

    monkeypatch.setattr(spnego, "client", client)
    return made


def mechanism(password: str = PASSWORD, identity: str = "", end_point: bytes = b"") -> Mechanism:
    binding = ChannelBinding(server_end_point=end_point)
    credentials = Credentials("alice", password, identity, host="mail.example.test", channel_binding=binding)
    return registry.create("GSSAPI", credentials)


@pytest.mark.parametrize(("identity", "octets"), [("", b""), ("boß", "boß".encode())])
def test_the_whole_exchange(contexts: list[Context], identity: str, octets: bytes):
    exchange = mechanism(identity=identity)
    assert exchange.start() == b"ticket"
    assert exchange.step(b"proof") == b""
    assert exchange.step(OFFER) == SEAL + b"\x01\x00\x00\x00" + octets
    exchange.finish()
    (context,) = contexts
    expected = {"hostname": "mail.example.test", "service": "smtp", "protocol": "kerberos", "channel_bindings": None}
    assert context.options == expected


def test_inside_tls_it_is_bound_to_the_servers_certificate(contexts: list[Context]):
    mechanism(end_point=b"hash").start()
    (context,) = contexts
    assert context.options["channel_bindings"].application_data == b"tls-server-end-point:hash"


def test_a_password_gets_the_ticket_and_without_one_the_cache_has_it(contexts: list[Context]):
    mechanism().start()
    mechanism(password="").start()
    assert [context.credential for context in contexts] == [
        spnego.Password("alice", PASSWORD),
        spnego.CredentialCache("alice"),
    ]


@pytest.mark.parametrize("challenges", [[], [b"proof"]])
@pytest.mark.usefixtures("contexts")
def test_a_success_that_comes_too_early_is_not_believed(challenges: list[bytes]):
    exchange = mechanism()
    exchange.start()
    for challenge in challenges:
        exchange.step(challenge)
    with pytest.raises(ProtocolError, match="before the end"):
        exchange.finish()


@pytest.mark.parametrize(
    ("challenges", "text"),
    [
        ([b"junk"], "The server's Kerberos message cannot be used: RuntimeError"),
        ([b""], "The server's Kerberos message cannot be used: RuntimeError"),
        ([b"proof", b""], "the seal is broken"),
        ([b"proof", b"\x07\x00\x10\x00"], "the seal is broken"),
        ([b"proof", SEAL + b"\x06\x00\x10\x00"], "insists on a security layer"),
        ([b"proof", OFFER, OFFER], "after its end"),
    ],
)
@pytest.mark.usefixtures("contexts")
def test_what_a_server_must_not_say(challenges: list[bytes], text: str):
    exchange = mechanism()
    exchange.start()
    for challenge in challenges[:-1]:
        exchange.step(challenge)
    with pytest.raises(ProtocolError, match=text) as caught:
        exchange.step(challenges[-1])
    assert PASSWORD not in caught.value.message


@pytest.mark.parametrize("offer", [b"\x01\x00\x00\x00", b"\x07\x00\xff\xff", b"\x01\xff\xff\xff"])
def test_no_layer_is_chosen_wherever_it_is_offered(offer: bytes):
    assert choose_no_layer(offer, "") == b"\x01\x00\x00\x00"


@given(st.binary(max_size=8))
def test_any_other_offer_is_refused(offer: bytes):
    if len(offer) == 4 and offer[0] % 2:
        assert choose_no_layer(offer, "bob") == b"\x01\x00\x00\x00bob"
    else:
        with pytest.raises(ProtocolError, match="security layer"):
            choose_no_layer(offer, "bob")


@pytest.mark.parametrize("missing", ["spnego", "gssapi"])
def test_without_the_extra_the_error_names_the_command(monkeypatch: pytest.MonkeyPatch, missing: str):
    def fail(*_: Any, **__: Any) -> None:
        raise ImportError("No module named 'gssapi'")

    if missing == "spnego":
        monkeypatch.setitem(sys.modules, "spnego", None)
    else:  # then pyspnego is there, as the extra ntlm brings it, and says it itself
        monkeypatch.setattr(spnego, "client", fail)
    with pytest.raises(
        SSMTPError, match=rf"Kerberos needs: pip install 'ssmtp_compat\[kerberos\]' .*{missing}"
    ) as caught:
        mechanism().start()
    assert caught.value.code is ErrorCode.MISSING_EXTRA


def test_it_is_used_only_when_asked_for_and_carries_an_identity():
    offered = ("GSSAPI", "LOGIN")
    assert registry.choose(offered, "GSSAPI", tls=True, acting=True) == "GSSAPI"
    assert registry.choose(offered, "", tls=False) == "LOGIN"
