"""What one connection's TLS is to be like, and the only function that makes an OpenSSL context of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, TypeAlias, cast

import certifi
from cryptography import x509
from OpenSSL import SSL
from OpenSSL.crypto import X509

from ..catalog.errors import ErrorCode
from ..errors import TLSError
from ..pki.certificates import Certificate, KeyPair
from ..pki.stores.token_keys import StaysOnToken
from .answers import Revocation
from .policy import TlsPolicy, apply
from .progress import report_staple
from .reasons import reasons
from .verify import NO_FAULT, Fault

__all__ = ["TlsConnection", "TlsOptions", "make_connection", "make_context"]

TlsConnection: TypeAlias = SSL.Connection
"""What :func:`make_connection` returns; those who import no OpenSSL hand it on as it is."""

_CONTEXTS_KEPT: Final = 8
"""One is what nearly every program needs; a few more cost little. Loading a system's CA bundle takes 10 to 30 ms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsOptions:
    """How to make the handshake and whom to trust.

    Trust anchors are the first file of ``ca_file_candidates`` that exists, and ``ca_file``, ``ca_dir`` and ``ca_pem``
    where they are not empty; where none of these gives anything, certifi's.
    """

    server_name: str
    """The DNS name or IP address literal that the caller wants to reach; the certificate has to be for it."""
    ca_file_candidates: tuple[str, ...] = ()
    ca_file: str = ""
    """A PEM file of one or more certificates."""
    ca_dir: str = ""
    """A directory of PEM files with hashed names, as ``openssl rehash`` makes it."""
    ca_pem: str = ""
    """PEM text of one or more certificates."""
    client: KeyPair | None = None
    """Who the client is, for a server that asks; None for nobody."""
    policy: TlsPolicy = field(default_factory=TlsPolicy)
    forgiven: Fault = NO_FAULT
    """Findings against the server's certificate that do not count."""
    revocation: Revocation = Revocation.IGNORED
    """How much it matters that the server's certificate may be revoked."""
    revocation_of_authorities: Revocation = Revocation.IGNORED
    """The same for the certificates between it and the trust anchor; only together with ``revocation``."""
    log_records: bool = False
    """Whether the status is told every record."""
    accepted_certificate: bytes = b""
    """DER of a server certificate that is accepted without further checks; empty for none."""


@dataclass(frozen=True, slots=True)
class _CaPath:
    """A file or a directory with the state it was found in, so that a context made from an older state is not used
    again."""

    path: str
    size: int
    modified_ns: int
    inode: int

    @classmethod
    def now(cls, path: str, state: os.stat_result) -> _CaPath:
        return cls(path, state.st_size, state.st_mtime_ns, state.st_ino)


@dataclass(frozen=True, slots=True)
class _TrustAnchors:
    files: tuple[_CaPath, ...]
    directory: _CaPath | None
    pem: str


def make_context(options: TlsOptions) -> SSL.Context:
    """Return the context for ``options``: a shared one where nothing differs. It must not be changed any more.

    OpenSSL and pyOpenSSL let any number of threads use a context that is not changed after its first use. No private
    key is in it, for it outlives the client that wanted it.

    Raises :class:`TLSError`: 271 naming the file, the directory or the text with CA certificates that cannot be used,
    273 for an issuer of the client's that is malformed; and what :func:`policy.apply` raises.
    """
    files = [path for path in options.ca_file_candidates if _is(Path.is_file, path)][:1]
    if options.ca_file:
        files.append(options.ca_file)
    if options.ca_dir and not _is(Path.is_dir, options.ca_dir):
        raise TLSError(ErrorCode.CANNOT_OPEN_STORE, f"There is no directory of CA certificates {options.ca_dir!r}.")
    if not (files or options.ca_dir or options.ca_pem):
        files.append(certifi.where())
    directory = _CaPath.now(options.ca_dir, Path(options.ca_dir).stat()) if options.ca_dir else None
    anchors = _TrustAnchors(tuple(_ca_file(path) for path in files), directory, options.ca_pem)
    # The issuers go along, the root left out: the server knows it, or will not believe it.
    issuers = [one for one in options.client.chain if not one.self_issued] if options.client is not None else []
    for one in issuers:
        _read(one)
    return _build(anchors, tuple(one.der for one in issuers), options.policy)


def make_connection(options: TlsOptions) -> TlsConnection:
    """Return a client's connection over memory for ``options``, for one handshake.

    Raises what :func:`make_context` does, and :class:`TLSError` (273) for a client certificate that OpenSSL does not
    take.
    """
    connection = SSL.Connection(make_context(options))
    connection.set_connect_state()
    if options.client is not None:
        _use(connection, options.client)
    return connection


def _is(kind: Callable[[Path], bool], path: str) -> bool:
    try:
        return kind(Path(path))
    except (OSError, ValueError):  # too long, with a NUL, or in a directory that is closed to us
        return False


@lru_cache(maxsize=_CONTEXTS_KEPT)
def _build(anchors: _TrustAnchors, client_issuers: tuple[bytes, ...], policy: TlsPolicy) -> SSL.Context:
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    apply(context, policy)
    # Compression leaks secrets by length (CRIME, CVE-2012-4929). Renegotiation would bring in a second certificate
    # that nobody was asked about.
    context.set_options(SSL.OP_NO_COMPRESSION | SSL.OP_NO_RENEGOTIATION)
    # The callback that judges belongs to the connection; without one OpenSSL's own judgement stands.
    context.set_verify(SSL.VERIFY_PEER)
    # pyOpenSSL has it nowhere else. It is heard of by connections that ask for a staple only.
    context.set_ocsp_client_callback(report_staple)
    for file in anchors.files:
        _load(context, file.path)
    if anchors.directory is not None:
        context.load_verify_locations(None, anchors.directory.path)
    if anchors.pem:
        _add_pem(context, anchors.pem)
    for der in client_issuers:
        context.add_extra_chain_cert(x509.load_der_x509_certificate(der))
    return context


def _use(connection: SSL.Connection, client: KeyPair) -> None:
    certificate = _read(client.certificate)
    try:
        connection.use_certificate(certificate)
        connection.use_privatekey(cast(Any, client.private_key))  # says itself which kinds of key it takes
    except (SSL.Error, TypeError, ValueError) as error:
        text = f"TLS cannot use the certificate of {client.certificate.holder} or its key"
        if isinstance(client.private_key, StaysOnToken):
            # pyOpenSSL hands keys to OpenSSL by value, and has no engine and no provider that could ask a token.
            text += ", which stays on its PKCS #11 token; a client's key for TLS has to be in a file, or given by value"
        elif isinstance(error, SSL.Error):
            text += f": {reasons(error)}"
        raise TLSError(ErrorCode.NO_CREDENTIALS, f"{text}.") from error


def _read(certificate: Certificate) -> x509.Certificate:
    try:
        return x509.load_der_x509_certificate(certificate.der)
    except Exception as error:  # stricter than our own parser, and with exceptions of many kinds
        raise TLSError(
            ErrorCode.NO_CREDENTIALS,
            f"TLS cannot use the certificate of {certificate.holder}, because it is malformed.",
        ) from error


def _ca_file(path: str) -> _CaPath:
    try:
        with Path(path).open("rb") as file:
            state = os.fstat(file.fileno())
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        text = f"The file of CA certificates {path!r} cannot be read: {reason}."
        raise TLSError(ErrorCode.CANNOT_OPEN_STORE, text) from error
    return _CaPath.now(path, state)


def _load(context: SSL.Context, path: str) -> None:
    try:
        context.load_verify_locations(path)
    except SSL.Error as error:
        text = f"The file of CA certificates {path!r} is not in PEM form or is damaged: {reasons(error)}."
        raise TLSError(ErrorCode.CANNOT_OPEN_STORE, text) from error


def _add_pem(context: SSL.Context, pem: str) -> None:
    try:
        certificates = x509.load_pem_x509_certificates(pem.encode())
    except Exception as error:  # of many kinds, of which some are no ValueError
        text = "The text with CA certificates is not in PEM form or is damaged."
        raise TLSError(ErrorCode.CANNOT_OPEN_STORE, text) from error
    store = context.get_cert_store()
    if store is None:
        raise TLSError(ErrorCode.NO_SECURITY_LIBRARY, "OpenSSL gave a context without a certificate store.")
    for certificate in certificates:
        store.add_cert(X509.from_cryptography(certificate))
