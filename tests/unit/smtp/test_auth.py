"""SASL mechanisms by the examples of their RFCs, and the choice among them."""

import pytest

from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.errors import InvalidValueError, ProtocolError, SSMTPError
from ssmtp_compat.smtp.auth import registry
from ssmtp_compat.smtp.auth.mechanism import Credentials


def test_plain_follows_the_examples_of_rfc_4616():
    assert registry.create("PLAIN", Credentials("tim", "tanstaaftanstaaf")).start() == b"\0tim\0tanstaaftanstaaf"
    acting = Credentials("Kurt", "xipj3plmq", "Ursel")
    assert registry.create("PLAIN", acting).start() == b"Ursel\0Kurt\0xipj3plmq"


def test_plain_answers_no_challenge():
    for challenge in (b"", b"prove it"):
        with pytest.raises(ProtocolError):
            registry.create("PLAIN", Credentials("tim", "pw")).step(challenge)


def test_plain_refuses_nul_without_showing_the_password():
    with pytest.raises(InvalidValueError) as caught:
        registry.create("PLAIN", Credentials("tim", "se\0cret")).start()
    assert "cret" not in caught.value.message


def test_login_gives_user_then_password_whatever_the_prompts():
    mechanism = registry.create("LOGIN", Credentials("tim", "pässwörd"))
    assert mechanism.start() is None
    assert mechanism.step(b"Username:") == b"tim"
    assert mechanism.step(b"Passwort:") == "pässwörd".encode()
    with pytest.raises(ProtocolError):
        mechanism.step(b"Anything else?")


def test_external_carries_the_identity_or_the_user_and_nothing_else():
    """RFC 4422 appendix A.3."""
    assert registry.create("EXTERNAL", Credentials("user", "")).start() == b"user"
    mechanism = registry.create("EXTERNAL", Credentials("user", "", "fred@example.com"))
    assert mechanism.start() == b"fred@example.com"
    with pytest.raises(ProtocolError):
        mechanism.step(b"who?")
    assert registry.choose(("PLAIN", "EXTERNAL"), "", tls=True) == "PLAIN"
    assert registry.choose(("PLAIN", "EXTERNAL"), "EXTERNAL", tls=True, acting=True) == "EXTERNAL"


def test_cram_md5_follows_the_example_of_rfc_2195():
    mechanism = registry.create("CRAM-MD5", Credentials("tim", "tanstaaftanstaaf"))
    assert mechanism.start() is None
    challenge = b"<1896.697170952@postoffice.reston.mci.net>"
    assert mechanism.step(challenge) == b"tim b913a602c7eda7a495b4e6e7334d3890"


def test_cram_md5_refuses_an_empty_challenge():
    with pytest.raises(ProtocolError):
        registry.create("CRAM-MD5", Credentials("tim", "pw")).step(b"")


@pytest.mark.parametrize(
    ("offered", "wanted", "tls", "chosen"),
    [
        (("LOGIN", "PLAIN", "CRAM-MD5"), "", True, "PLAIN"),
        (("LOGIN", "PLAIN", "CRAM-MD5"), "", False, "CRAM-MD5"),
        (("LOGIN",), "", False, "LOGIN"),
        (("X-UNKNOWN", "CRAM-MD5"), "", True, "CRAM-MD5"),
        (("LOGIN", "PLAIN", "CRAM-MD5"), "CRAM-MD5", True, "CRAM-MD5"),
        (("PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-256"), "", True, "SCRAM-SHA-256"),
        (("PLAIN", "CRAM-MD5", "SCRAM-SHA-1"), "", False, "SCRAM-SHA-1"),
        (("DIGEST-MD5", "PLAIN"), "", True, "PLAIN"),
        (("DIGEST-MD5", "PLAIN"), "", False, "DIGEST-MD5"),
        (("OAUTHBEARER", "XOAUTH2", "PLAIN"), "XOAUTH2", True, "XOAUTH2"),
        (("OAUTHBEARER", "PLAIN"), "XOAUTH2", True, "OAUTHBEARER"),
    ],
)
def test_choice(offered, wanted, tls, chosen):
    assert registry.choose(offered, wanted, tls=tls) == chosen


def test_what_can_be_bound_to_tls_is():
    offered = ("SCRAM-SHA-256", "SCRAM-SHA-1-PLUS", "PLAIN")
    assert registry.choose(offered, "", tls=True, binding=True) == "SCRAM-SHA-1-PLUS"
    assert registry.choose(offered, "", tls=True) == "SCRAM-SHA-256"
    assert registry.choose(offered, "PLAIN", tls=True, binding=True) == "PLAIN"


@pytest.mark.parametrize(
    ("offered", "wanted", "text"),
    [
        ((), "", "offers no AUTH"),
        (("GSSAPI",), "", "GSSAPI"),
        (("PLAIN",), "CRAM-MD5", "CRAM-MD5 was asked for"),
        (("XOAUTH2", "OAUTHBEARER"), "", "this version knows"),  # a password is no token
    ],
)
def test_no_choice_says_what_was_offered_and_wanted(offered, wanted, text):
    with pytest.raises(SSMTPError, match=text) as caught:
        registry.choose(offered, wanted, tls=False)
    assert caught.value.code is ErrorCode.EXTENSION_MISSING


def test_an_authorization_identity_is_carried_or_the_login_fails():
    assert registry.choose(("CRAM-MD5", "LOGIN", "PLAIN"), "", tls=False, acting=True) == "PLAIN"
    assert registry.choose(("XOAUTH2", "OAUTHBEARER"), "XOAUTH2", tls=True, acting=True) == "OAUTHBEARER"
    for offered, wanted in (
        (("CRAM-MD5", "LOGIN"), ""),
        (("CRAM-MD5", "PLAIN"), "CRAM-MD5"),
        (("XOAUTH2", "PLAIN"), "XOAUTH2"),
    ):
        with pytest.raises(SSMTPError, match=r"only .*PLAIN.* can carry") as caught:
            registry.choose(offered, wanted, tls=True, acting=True)
        assert caught.value.code is ErrorCode.EXTENSION_MISSING


def test_credentials_do_not_show_secrets():
    assert "pw" not in repr(Credentials("tim", "pw", "other"))
