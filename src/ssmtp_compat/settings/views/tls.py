"""When TLS begins, whom to trust, and what may be negotiated."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from ...catalog.enums import PropertyID, SSLStartModes
from ...catalog.errors import ErrorCode
from ...errors import InvalidValueError
from ...message.domains import ascii_host
from ...smtp.options import TlsStart
from ..store import Settings

if TYPE_CHECKING:
    from ...pki.certificates import KeyPair
    from ...tls.answers import Revocation
    from ...tls.context import TlsOptions
    from ...tls.policy import TlsPolicy
    from ...tls.verify import Fault

P = PropertyID

# STARTTLS belongs on the relay port and, as implicit TLS never works there, on the submission port.
_STARTTLS_PORTS: Final = (25, 587)

# Either bit of a pair, the server's and the client's, names the version.
_VERSIONS: Final = {"TLSv1": 0x00C0, "TLSv1.1": 0x0300, "TLSv1.2": 0x0C00, "TLSv1.3": 0x3000}
_GONE: Final = {"SSL 2": 0x000C, "SSL 3": 0x0030}

# What TLS 1.2 calls a pair of hash and signature is a name of its own in TLS 1.3 (RFC 8446 4.2.3).
_PAIRS: Final = {
    "sha256-ecdsa": "ecdsa_secp256r1_sha256",
    "sha384-ecdsa": "ecdsa_secp384r1_sha384",
    "sha512-ecdsa": "ecdsa_secp521r1_sha512",
    "sha1-rsa": "rsa_pkcs1_sha1",
    "sha256-rsa": "rsa_pkcs1_sha256",
    "sha384-rsa": "rsa_pkcs1_sha384",
    "sha512-rsa": "rsa_pkcs1_sha512",
}


def leaves_name_to_proxy(settings: Settings) -> bool:
    """Whether the proxy is to look the server's name up."""
    return settings.text(P.MailServer).lstrip().startswith("*")


def server_name(settings: Settings) -> str:
    """The server's name or address in ASCII, for everything that deals with the server.

    The look-up by itself would take the older IDNA 2003, which makes another company's host of some names: strasse for
    straße.
    """
    return ascii_host(host(settings), "MailServer")


def host(settings: Settings) -> str:
    """The server's name or address as it was written."""
    text = settings.text(P.MailServer).strip().removeprefix("*")
    # An IPv6 address in brackets, as URLs and e-mail addresses have it.
    return text[1:-1] if text.startswith("[") and text.endswith("]") else text


def tls_start(settings: Settings) -> TlsStart:
    """When TLS begins, by SSLStartMode and the port."""
    mode = settings.number(P.SSLStartMode)
    if mode == SSLStartModes.sslNone:
        return TlsStart.NEVER
    if mode == SSLStartModes.sslImplicit:
        return TlsStart.AT_ONCE
    if mode == SSLStartModes.sslExplicit or settings.number(P.MailPort) in _STARTTLS_PORTS:
        return TlsStart.STARTTLS
    return TlsStart.AT_ONCE


def tls_options(settings: Settings, client: KeyPair | None) -> TlsOptions | None:
    """Whom to trust, and who the ``client`` is; None when TLS is off."""
    if tls_start(settings) is TlsStart.NEVER:
        return None
    from ...pki.certificates import decode_certificate
    from ...tls.context import TlsOptions

    accepted = settings.binary(P.SSLAcceptServerCertEncoded)
    return TlsOptions(
        server_name=server_name(settings),
        ca_file_candidates=tuple(path for path in settings.setting_text("SSLCACertFilePaths").split(";") if path),
        ca_file=settings.setting_text("OpenSSLCAFile"),
        ca_dir=settings.setting_text("OpenSSLCADir"),
        ca_pem=settings.setting_text("SSLCACerts"),
        client=client,
        policy=_policy(settings),
        forgiven=_forgiven(settings),
        revocation=_revocation(settings, unknown_forgiven=0x100),
        revocation_of_authorities=_revocation(settings, unknown_forgiven=0x400),
        log_records=settings.setting_flag("LogSSLPackets"),
        accepted_certificate=decode_certificate(accepted).der if accepted else b"",
    )


def _forgiven(settings: Settings) -> Fault:
    from ...tls.verify import NO_FAULT, Fault

    flags = settings.setting_number("SSLSecurityFlags")
    forgiven = NO_FAULT
    for mask, fault in (
        (0x01, Fault.DATES),
        (0x10, Fault.AUTHORITY),
        (0x20, Fault.USAGE),
        (0x80000000, Fault.HOST_NAME),
    ):
        if flags & mask:
            forgiven |= fault
    return forgiven


def _revocation(settings: Settings, *, unknown_forgiven: int) -> Revocation:
    from ...tls.answers import Revocation

    mode = Revocation(settings.setting_number("SSLCheckCRL"))
    forgiven = settings.setting_number("SSLSecurityFlags") & unknown_forgiven
    return Revocation.IF_AVAILABLE if mode is Revocation.REQUIRED and forgiven else mode


def _policy(settings: Settings) -> TlsPolicy:
    from ...tls.policy import TlsPolicy

    versions = _versions(settings)
    suites = settings.setting_text("SSLEnabledCipherSuites").strip()
    cipher_list = settings.setting_text("OpenSSLCipherList").strip()
    groups: list[str] = []
    signatures: list[str] = []
    if settings.setting_flag("UseInternalSecurityAPI") or settings.setting_text("SSLProvider").lower() == "internal":
        if "TLSv1.3" in versions:
            groups += map(_group, _names(settings, "TLS13SupportedGroups"))
            signatures += _tls13_signatures(_names(settings, "TLS13SignatureAlgorithms"))
        if versions - {"TLSv1.3"}:
            groups += map(_group, _names(settings, "TLS12SupportedGroups"))
            signatures += map(_tls12_signature, _names(settings, "TLS12SignatureAlgorithms"))
    return TlsPolicy(
        versions=versions,
        cipher_suites=() if suites == "*" else tuple(filter(None, map(str.strip, suites.split(";")))),
        cipher_list="" if cipher_list.upper() == "DEFAULT" else cipher_list,
        minimum_bits=settings.setting_number("SSLCipherStrength"),
        groups=tuple(dict.fromkeys(groups)),
        key_shares=tuple(map(_group, _names(settings, "TLS13KeyShareGroups"))) if groups else (),
        signature_algorithms=tuple(dict.fromkeys(signatures)),
    )


def _versions(settings: Settings) -> frozenset[str]:
    bits = settings.setting_number("SSLEnabledProtocols")
    versions = frozenset(name for name, mask in _VERSIONS.items() if bits & mask)
    gone = [name for name, mask in _GONE.items() if bits & mask]
    if gone or not versions:
        problem = f"{' and '.join(gone)}, which no TLS library has any more" if gone else "no version"
        raise InvalidValueError(
            ErrorCode.INVALID_VALUE,
            f"SSLEnabledProtocols is {bits}, that is {problem}; 3072 is TLS 1.2, 12288 TLS 1.3, and 15360 both.",
        )
    return versions


def _names(settings: Settings, name: str) -> list[str]:
    return [part.strip().lower() for part in settings.setting_text(name).split(",") if part.strip()]


def _group(name: str) -> str:
    return name.removeprefix("ecdhe_").replace("ffdhe_", "ffdhe")


def _tls12_signature(name: str) -> str:
    digest, _, algorithm = name.partition("-")
    # As OpenSSL writes a pair that TLS 1.3 has no name for.
    return _PAIRS.get(name) or (f"{algorithm}+{digest}".upper() if algorithm else name)


def _tls13_signatures(names: Iterable[str]) -> Iterable[str]:
    for name in names:
        if name.startswith("rsa_pss_sha"):
            # One name for both kinds of RSA key that can sign so.
            yield from (name.replace("pss_", "pss_rsae_"), name.replace("pss_", "pss_pss_"))
        else:
            yield name
