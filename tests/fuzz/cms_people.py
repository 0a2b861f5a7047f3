"""People with certificates that are the same in every run, so that seeds which are signed or encrypted stay good.

Ed25519 signs without chance, and the keys come from small numbers: nothing secret stands here.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from ssmtp_compat.pki.certificates import Certificate, KeyPair

NOW = datetime(2026, 6, 1, tzinfo=UTC)
START, END = datetime(2020, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC)
_ROOT_KEY = ed25519.Ed25519PrivateKey.from_private_bytes(b"r" * 32)
SIGNER_KEY = ed25519.Ed25519PrivateKey.from_private_bytes(b"a" * 32)


def _prime(seed: bytes) -> int:
    """The first number from a hash on that is prime to all appearances (Fermat, with a few bases)."""
    number = int.from_bytes(hashlib.shake_256(seed).digest(64), "big") | 3 << 510 | 1
    while not (number % 65537 != 1 and all(pow(base, number - 1, number) == 1 for base in (2, 3, 5, 7))):
        number += 2
    return number


def _rsa_key() -> rsa.RSAPrivateKey:
    p, q = _prime(b"p"), _prime(b"q")
    d = pow(65537, -1, (p - 1) * (q - 1))
    public = rsa.RSAPublicNumbers(65537, p * q)
    numbers = rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), public)
    return numbers.private_key()


def _certificate(serial: int, name: str, key, email: str = "") -> Certificate:
    subject, issuer = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, each)]) for each in (name, "R"))
    builder = x509.CertificateBuilder(issuer, subject, key.public_key(), serial, START, END)
    if email:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.RFC822Name(email)]), critical=False)
    else:
        builder = builder.add_extension(x509.BasicConstraints(ca=name == "R", path_length=None), critical=True)
    return Certificate(builder.sign(_ROOT_KEY, None).public_bytes(Encoding.DER))


ROOT = _certificate(1, "R", _ROOT_KEY)
SIGNER = _certificate(2, "A", SIGNER_KEY, "a@x.test")
_RSA, _EC, _X = (
    _rsa_key(),
    ec.derive_private_key(4711, ec.SECP256R1()),
    x25519.X25519PrivateKey.from_private_bytes(b"x" * 32),
)
KEY_PAIRS = tuple(
    KeyPair(_certificate(serial, name, key), key) for serial, name, key in ((3, "B", _RSA), (4, "C", _EC), (5, "D", _X))
)
