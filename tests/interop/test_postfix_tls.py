"""What Postfix's log says of a TLS session is what the settings asked for."""

from __future__ import annotations

from typing import Any

import pytest

from interop.authority import PASSWORD, Authority
from interop.postfix import Postfix
from interop.processes import wait_until
from ssmtp_compat import SSLStartModes
from wire.mailer import Mailer

pytestmark = pytest.mark.interop

MODES = pytest.mark.parametrize("mode", [SSLStartModes.sslImplicit, SSLStartModes.sslExplicit])
ESTABLISHED = "TLS connection established"
REUSED = "Reusing old session"
INTERNAL = {"UseInternalSecurityAPI": True}


def second(
    postfix: Postfix, ca: Authority, mode: SSLStartModes, settings: dict[str, Any], **properties: Any
) -> list[str]:
    """What the log says of the second of two mails, which has a session to take up if anybody wants to."""
    port = postfix.tls_port if mode is SSLStartModes.sslImplicit else postfix.plain_port
    with Mailer(port, MailServer="localhost", SSLStartMode=mode, **properties) as mailer:
        mailer.config(SSLCACertFilePaths=ca.certificate, **settings)
        said = ""

        def more() -> str:
            return postfix.log()[len(said) :]

        for _ in range(2):
            said = postfix.log()
            assert mailer.send() == 0, mailer.error
            wait_until(lambda: ESTABLISHED in more() and "quit=1" in more().partition(ESTABLISHED)[2], "Postfix's log")
    return more().splitlines()


@MODES
@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)"),
        ({"SSLEnabledProtocols": 3072}, "TLSv1.2 with cipher ECDHE-RSA-AES256-GCM-SHA384"),
        ({"SSLEnabledProtocols": 12288}, "TLSv1.3 with cipher "),
        (
            {"SSLEnabledProtocols": 3072, "OpenSSLCipherList": "ECDHE-RSA-CHACHA20-POLY1305"},
            "with cipher ECDHE-RSA-CHACHA20-POLY1305",
        ),
        (
            {"SSLEnabledProtocols": 3072, "SSLEnabledCipherSuites": "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"},
            "with cipher DHE-RSA-AES128-GCM-SHA256 (128/128 bits)",
        ),
        ({"SSLEnabledCipherSuites": "TLS_CHACHA20_POLY1305_SHA256"}, "with cipher TLS_CHACHA20_POLY1305_SHA256"),
        (
            {**INTERNAL, "SSLEnabledProtocols": 12288, "TLS13SupportedGroups": "ecdhe_secp384r1"},
            "key-exchange ECDHE (secp384r1)",
        ),
        (
            {**INTERNAL, "SSLEnabledProtocols": 12288, "TLS13SignatureAlgorithms": "rsa_pss_sha512,rsa_pkcs1_sha256"},
            "server-digest SHA512",
        ),
    ],
)
def test_what_is_negotiated(postfix: Postfix, ca: Authority, mode: SSLStartModes, settings: dict[str, Any], words: str):
    lines = second(postfix, ca, mode, settings)
    (told,) = (line for line in lines if ESTABLISHED in line)
    assert words in told
    assert not any(REUSED in line for line in lines)


@MODES
@pytest.mark.parametrize("protocols", [3072, 12288])
def test_a_session_is_taken_up(postfix: Postfix, ca: Authority, mode: SSLStartModes, protocols: int):
    lines = second(postfix, ca, mode, {"ReuseSSLSession": True, "SSLEnabledProtocols": protocols})
    assert any(REUSED in line for line in lines)


@pytest.mark.parametrize("protocols", [3072, 12288])
def test_the_client_certificate_is_seen(postfix: Postfix, ca: Authority, protocols: int):
    store = {"SSLCertStoreType": 2, "SSLCertStore": str(ca.alice.p12), "SSLCertStorePassword": PASSWORD}
    settings = {"SSLEnabledProtocols": protocols}
    lines = second(postfix, ca, SSLStartModes.sslImplicit, settings, **store, SSLCertSubject="CN=Alice")
    assert any(f"Trusted {ESTABLISHED}" in line for line in lines)
    lines = second(postfix, ca, SSLStartModes.sslImplicit, settings)
    assert any(f"Anonymous {ESTABLISHED}" in line for line in lines)
