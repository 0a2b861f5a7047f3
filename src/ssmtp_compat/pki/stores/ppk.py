"""PuTTY's private key files, versions 2 and 3, as a store (appendix C of the PuTTY manual)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.kdf import argon2

from ...catalog.errors import ErrorCode
from ...errors import CertificateError
from ..armor import decode_base64, plain_content
from .budget import Budget
from .entries import Store, join_store
from .keys import ec_private_key, rsa_private_key
from .ssh_wire import CURVE_OF_SSH, SSHReader, ssh_string

__all__ = ["open_ppk"]

_MARK: Final = b"PuTTY-User-Key-File-"
_MAXIMUM_LINES: Final = 200
"""Of base64, 48 octets each: room for an RSA key of 8192 bits."""
_AES: Final = b"aes256-cbc"
_KEY_SIZE: Final = 32
_BLOCK_SIZE: Final = 16

# puttygen takes 8 MiB and as many passes as fill a tenth of a second, about 13.
_MAXIMUM_MEMORY: Final = 256 * 1024
"""KiB for Argon2."""
_MAXIMUM_WORK: Final = 2 * 1024 * 1024
"""KiB of memory times passes: some six seconds."""
_MAXIMUM_PARALLELISM: Final = 16
_FLAVOURS: Final = (b"Argon2id", b"Argon2i", b"Argon2d")


@dataclass(frozen=True, slots=True)
class _Ppk:
    """The file's fields, decoded from base64 and not yet decrypted."""

    version: int
    kind: bytes
    cipher: bytes
    comment: bytes
    public: bytes
    argon2: _Argon2 | None
    private: bytes = field(repr=False)
    mac: bytes


@dataclass(frozen=True, slots=True)
class _Argon2:
    flavour: bytes
    memory: int
    """KiB."""
    passes: int
    parallelism: int
    salt: bytes


def open_ppk(content: bytes, password: bytes, what: str) -> Store:
    """The key of a PuTTY key file as a loose key, for the format holds no certificate.

    RSA, ECDSA and EdDSA keys, encrypted or not; the file's MAC is verified. ``what`` names the store in the text of an
    error. Raises :class:`CertificateError` (271) when the content is something else or damaged, when the password is
    missing or wrong, and when the kind of key or the work of its derivation is more than is supported.
    """
    try:
        file = _parse(plain_content(content, _MARK))
    except ValueError as error:
        raise CertificateError(
            ErrorCode.CANNOT_OPEN_STORE, f"The content of {what} is no PuTTY key file, or it is damaged: {error}."
        ) from error
    if file.cipher == _AES and not password:
        raise CertificateError(
            ErrorCode.CANNOT_OPEN_STORE, f"The private key in {what} is encrypted, and no password was given."
        )
    try:
        private = _decrypt(file, password if file.cipher == _AES else b"")
        key = _key(file.kind, SSHReader(file.public), SSHReader(private), Budget(what))
    except UnsupportedAlgorithm as error:
        raise CertificateError(
            ErrorCode.CANNOT_OPEN_STORE, f"The private key in {what} is encrypted in a way that is not supported here."
        ) from error
    except ValueError as error:
        raise CertificateError(
            ErrorCode.CANNOT_OPEN_STORE, f"The private key in {what} cannot be read: {error}."
        ) from error
    return join_store((), (key,))


def _parse(content: bytes) -> _Ppk:
    lines = iter(content.strip().splitlines())
    version_line = next(lines, b"")
    if not version_line.startswith(_MARK):
        raise ValueError("its first line is another one")
    version, _, kind = version_line.removeprefix(_MARK).partition(b": ")
    if version not in (b"2", b"3"):
        raise ValueError("only versions 2 and 3 are supported; puttygen converts older ones")
    cipher = _field(lines, b"Encryption")
    if cipher not in (_AES, b"none"):
        raise ValueError("its encryption is not known")
    comment = _field(lines, b"Comment")
    public = _base64(lines, b"Public-Lines")
    derivation = _argon2(lines) if version == b"3" and cipher == _AES else None
    private = _base64(lines, b"Private-Lines")
    mac = bytes.fromhex(_field(lines, b"Private-MAC").decode("ascii"))
    return _Ppk(int(version), kind, cipher, comment, public, derivation, private, mac)


def _argon2(lines: Iterator[bytes]) -> _Argon2:
    flavour = _field(lines, b"Key-Derivation")
    if flavour not in _FLAVOURS:
        raise ValueError("its key derivation is not known")
    memory = _number(_field(lines, b"Argon2-Memory"))
    passes = _number(_field(lines, b"Argon2-Passes"))
    parallelism = _number(_field(lines, b"Argon2-Parallelism"))
    if memory > _MAXIMUM_MEMORY or memory * passes > _MAXIMUM_WORK or parallelism > _MAXIMUM_PARALLELISM:
        raise ValueError(
            f"its key derivation asks for {passes} passes over {memory} KiB in {parallelism} lanes, and at most "
            f"{_MAXIMUM_MEMORY} KiB, {_MAXIMUM_WORK} KiB in all passes and {_MAXIMUM_PARALLELISM} lanes are supported"
        )
    salt = bytes.fromhex(_field(lines, b"Argon2-Salt").decode("ascii"))
    return _Argon2(flavour, memory, passes, parallelism, salt)


def _field(lines: Iterator[bytes], name: bytes) -> bytes:
    found, separator, value = next(lines, b"").partition(b": ")
    if found.strip() != name:
        raise ValueError(f"the line {name.decode('ascii')} is missing")
    # An empty comment may have lost the blank behind its colon.
    return value if separator else b""


def _number(digits: bytes) -> int:
    if not digits.isdigit() or len(digits) > 10:
        raise ValueError("a number is none")
    return int(digits)


def _base64(lines: Iterator[bytes], name: bytes) -> bytes:
    count = _number(_field(lines, name))
    if count > _MAXIMUM_LINES:
        raise ValueError(f"{name.decode('ascii')} is {count}, and at most {_MAXIMUM_LINES} are supported")
    return decode_base64(b"\n".join(next(lines, b"") for _ in range(count)))


def _decrypt(file: _Ppk, password: bytes) -> bytes:
    """The private part, once its MAC has been found right. Raises ValueError when it is not."""
    key, vector, mac_key = _derive_2(password) if file.version == 2 else _derive_3(file.argon2, password)
    private = file.private
    if file.cipher == _AES:
        if len(private) % _BLOCK_SIZE:
            raise ValueError("it is damaged")
        decryptor = Cipher(AES256(key), CBC(vector)).decryptor()
        private = decryptor.update(private) + decryptor.finalize()
    signed = b"".join(map(ssh_string, (file.kind, file.cipher, file.comment, file.public, private)))
    mac = hmac.digest(mac_key, signed, "sha1" if file.version == 2 else "sha256")
    if not hmac.compare_digest(mac, file.mac):
        raise ValueError("the password does not open it, or it is damaged" if password else "it is damaged")
    return private


def _derive_2(password: bytes) -> tuple[bytes, bytes, bytes]:
    """Key, initialization vector and key of the MAC in version 2; SHA-1 is what that version prescribes."""
    halves = (hashlib.sha1(number.to_bytes(4, "big") + password, usedforsecurity=False).digest() for number in (0, 1))
    mac_key = hashlib.sha1(b"putty-private-key-file-mac-key" + password, usedforsecurity=False).digest()
    return b"".join(halves)[:_KEY_SIZE], bytes(_BLOCK_SIZE), mac_key


def _derive_3(parameters: _Argon2 | None, password: bytes) -> tuple[bytes, bytes, bytes]:
    """The same in version 3, where a file that is not encrypted has a MAC with an empty key."""
    if parameters is None:
        return b"", b"", b""
    # cryptography has the other two flavours only in later versions than the lowest that is allowed.
    flavour = getattr(argon2, parameters.flavour.decode("ascii"), None)
    if flavour is None:
        raise UnsupportedAlgorithm("this version of cryptography lacks it")
    derived = flavour(
        salt=parameters.salt,
        length=_KEY_SIZE + _BLOCK_SIZE + _KEY_SIZE,
        iterations=parameters.passes,
        lanes=parameters.parallelism,
        memory_cost=parameters.memory,
    ).derive(password)
    return derived[:_KEY_SIZE], derived[_KEY_SIZE:-_KEY_SIZE], derived[-_KEY_SIZE:]


def _key(kind: bytes, public: SSHReader, private: SSHReader, budget: Budget) -> PrivateKeyTypes:
    if public.string() != kind:
        raise ValueError("it names two kinds of key")
    if kind == b"ssh-rsa":
        exponent, modulus = public.mpint(), public.mpint()
        private_exponent, p, q = private.mpint(), private.mpint(), private.mpint()
        return rsa_private_key(modulus, exponent, private_exponent, (p, q), budget)
    if kind in CURVE_OF_SSH:
        curve = CURVE_OF_SSH[kind]
        public.string()  # the curve once more
        point = ec.EllipticCurvePublicKey.from_encoded_point(curve, public.string())
        return ec_private_key(curve, private.mpint(), point)
    if kind == b"ssh-ed25519":
        return _same(ed25519.Ed25519PrivateKey.from_private_bytes(private.string()), public.string())
    if kind == b"ssh-ed448":
        return _same(ed448.Ed448PrivateKey.from_private_bytes(private.string()), public.string())
    if kind == b"ssh-dss":
        raise ValueError("it is a DSA key, which is no longer supported")
    raise ValueError("its kind is not known")


def _same(
    key: ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey, public: bytes
) -> ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey:
    if key.public_key().public_bytes_raw() != public:
        raise ValueError("its private value does not belong to the public one")
    return key
