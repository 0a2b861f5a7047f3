"""What stands for the server's certificate in a log-in: its hash, with the function of its signature (RFC 5929 4.1)."""

from __future__ import annotations

import hashlib
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding

from ssmtp_compat.tls.channel_binding import server_end_point
from unit.pki.authority import NOW, name, rsa_key

EC, RSA, ED = ec.generate_private_key(ec.SECP256R1()), rsa_key(), ed25519.Ed25519PrivateKey.generate()


def certificate(key, algorithm, rsa_padding=None) -> bytes:
    subject = name(("CN", "localhost"))
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), 1, NOW, NOW)
    return builder.sign(key, algorithm, rsa_padding=rsa_padding).public_bytes(serialization.Encoding.DER)


@pytest.mark.parametrize(
    ("key", "signed_with", "hashed_with"),
    [
        (EC, hashes.SHA256(), "sha256"),
        (EC, hashes.SHA384(), "sha384"),
        (RSA, hashes.SHA512(), "sha512"),
        (RSA, hashes.SHA224(), "sha224"),
    ],
)
def test_the_hash_is_that_of_the_signature(key, signed_with, hashed_with):
    der = certificate(key, signed_with)
    assert server_end_point(der) == hashlib.new(hashed_with, der).digest()


def test_pss_names_its_hash_in_its_parameters():
    der = certificate(RSA, hashes.SHA384(), padding.PSS(padding.MGF1(hashes.SHA384()), 32))
    assert server_end_point(der) == hashlib.sha384(der).digest()


@pytest.mark.parametrize("weak", ["sha1", "md5"])
def test_sha_256_takes_the_place_of_the_weak_ones(weak, tmp_path):
    command = ["openssl", "req", "-x509", "-newkey", "rsa:1024", "-nodes", f"-{weak}", "-subj", "/CN=localhost"]
    made = subprocess.run(
        [*command, "-keyout", tmp_path / "key", "-outform", "DER"], check=True, capture_output=True, timeout=30
    )
    assert server_end_point(made.stdout) == hashlib.sha256(made.stdout).digest()


def test_a_signature_without_a_hash_of_its_own_gives_none():
    assert server_end_point(certificate(ED, None)) == b""


def test_a_certificate_that_cannot_be_read_gives_none():
    assert server_end_point(b"no certificate") == b""
