"""The second opinion: S/MIME readers that share no code with this library's own S/MIME.

The openssl command is preferred. Where it is missing, asn1crypto reads the structures and cryptography computes.
"""

from __future__ import annotations

import datetime
import hmac
import os
import shutil
import subprocess
from email import message_from_bytes, policy
from pathlib import Path
from typing import Final, Protocol

from asn1crypto import cms
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import pkcs7

from .people import Identity

__all__ = ["OpenSSLReader", "PythonReader", "Reader", "UnreadableError", "find_reader"]

_SECONDS: Final = 30


class UnreadableError(Exception):
    """The reader cannot decrypt or verify; the text says why."""


class Reader(Protocol):
    """Decrypts and verifies."""

    name: str

    def decrypt(self, message: bytes, reader: Identity) -> bytes:
        """The MIME entity inside the encrypted ``message``."""
        ...

    def verify(self, entity: bytes, authority: bytes) -> tuple[bytes, x509.Certificate]:
        """The signed content inside ``entity`` and who signed it, if ``authority`` (PEM) vouches for the signer."""
        ...


def find_reader(directory: Path) -> Reader:
    """The openssl command if there is one, which keeps its files in ``directory``, else the Python packages."""
    program = shutil.which("openssl")
    if program is not None:
        version = _run([program, "version"], b"").decode("ascii", "replace").strip()
        # LibreSSL answers to the same name and lacks some of the options.
        if version.startswith("OpenSSL "):
            return OpenSSLReader(program, " ".join(version.split()[:2]), directory)
    return PythonReader()


class OpenSSLReader:
    """The openssl command. Messages go through pipes; keys and certificates it takes from files only."""

    def __init__(self, program: str, name: str, directory: Path) -> None:
        self.name = f"the openssl command ({name})"
        self._program = program
        self._directory = directory

    def decrypt(self, message: bytes, reader: Identity) -> bytes:
        certificate = self._file("reader.pem", reader.certificate_pem())
        key = self._file("reader.key", reader.key_pem())
        return self._cms("-decrypt", "-recip", certificate, "-inkey", key, content=message)

    def verify(self, entity: bytes, authority: bytes) -> tuple[bytes, x509.Certificate]:
        authority_file = self._file("authority.pem", authority)
        signer_file = self._directory / "signer.pem"
        content = self._cms("-verify", "-CAfile", authority_file, "-signer", str(signer_file), content=entity)
        return content, x509.load_pem_x509_certificate(signer_file.read_bytes())

    def _cms(self, *arguments: str, content: bytes) -> bytes:
        return _run([self._program, "cms", *arguments], content)

    def _file(self, name: str, content: bytes) -> str:
        path = self._directory / name
        path.unlink(missing_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123
            file.write(content)
        return str(path)


class PythonReader:
    """asn1crypto for the structures and cryptography for the rest: RSA, AES-CBC, SHA-2 and signed attributes only."""

    name = "the Python packages asn1crypto and cryptography"

    def decrypt(self, message: bytes, reader: Identity) -> bytes:
        if not isinstance(reader.key, rsa.RSAPrivateKey):
            raise UnreadableError("the key is not an RSA key")
        try:
            return pkcs7.pkcs7_decrypt_smime(message, reader.certificate, reader.key, [])
        except ValueError as error:
            raise UnreadableError(f"it cannot be decrypted: {error}") from error

    def verify(self, entity: bytes, authority: bytes) -> tuple[bytes, x509.Certificate]:
        content, signature = _parts(entity)
        try:
            signed = cms.ContentInfo.load(signature, strict=True)["content"]
            (signer,) = signed["signer_infos"]
            attributes = {item["type"].native: item["values"] for item in signer["signed_attrs"]}
            (digest,) = attributes["message_digest"]
            certificates = [x509.load_der_x509_certificate(item.dump()) for item in signed["certificates"]]
            issuer_and_serial = signer["sid"].chosen
            (certificate,) = (
                item for item in certificates if item.serial_number == issuer_and_serial["serial_number"].native
            )
            algorithm = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}[
                signer["digest_algorithm"]["algorithm"].native
            ]
        except (ValueError, KeyError, TypeError) as error:
            raise UnreadableError(f"the signature has an unexpected form: {error}") from error
        if not hmac.compare_digest(digest.native, _digest(content, algorithm)):
            raise UnreadableError("the content is not what was signed")
        # RFC 5652 5.4: signed are the attributes as a SET, whatever tag they travel under.
        _check_signature(certificate, signer["signature"].native, signer["signed_attrs"].untag().dump(), algorithm)
        _check_issuer(certificate, x509.load_pem_x509_certificate(authority))
        return content, certificate


def _parts(entity: bytes) -> tuple[bytes, bytes]:
    """The signed part as it stands, and the signature, of a multipart/signed entity (RFC 1847 2.1)."""
    message = message_from_bytes(entity, policy=policy.default)
    boundary = message.get_boundary()
    pieces = entity.split(b"\r\n--" + boundary.encode("ascii")) if boundary else []
    if message.get_content_type() != "multipart/signed" or len(pieces) != 4:
        raise UnreadableError("it is no multipart/signed message")
    signature = message_from_bytes(pieces[2].removeprefix(b"\r\n"), policy=policy.default).get_content()
    return pieces[1].removeprefix(b"\r\n"), signature


def _digest(content: bytes, algorithm: hashes.HashAlgorithm) -> bytes:
    digest = hashes.Hash(algorithm)
    digest.update(content)
    return digest.finalize()


def _check_signature(
    certificate: x509.Certificate, signature: bytes, signed: bytes, algorithm: hashes.HashAlgorithm
) -> None:
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        raise UnreadableError("the signer's key is not an RSA key")
    try:
        key.verify(signature, signed, padding.PKCS1v15(), algorithm)
    except InvalidSignature as error:
        raise UnreadableError("the signature is not the signer's") from error


def _check_issuer(certificate: x509.Certificate, authority: x509.Certificate) -> None:
    try:
        certificate.verify_directly_issued_by(authority)
    except (InvalidSignature, ValueError, TypeError) as error:
        raise UnreadableError("the signer's certificate is not from the authority") from error
    now = datetime.datetime.now(datetime.UTC)
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise UnreadableError("the signer's certificate is not valid today")


def _run(command: list[str], content: bytes) -> bytes:
    try:
        done = subprocess.run(command, input=content, capture_output=True, timeout=_SECONDS, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UnreadableError(f"{command[0]} does not work: {error}") from error
    if done.returncode:
        complaint = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise UnreadableError(f"openssl says: {'; '.join(complaint[:2]) or done.returncode}")
    return done.stdout
