from __future__ import annotations

import pytest
from asn1crypto import algos
from cryptography.hazmat.primitives import hashes

from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.errors import SSMTPError
from ssmtp_compat.smime.ciphers import CIPHERS, ContentCipher, cipher_named
from ssmtp_compat.smime.digests import DIGESTS, SHAKE256, Digest, digest_named
from ssmtp_compat.smime.key_transport import oaep_named


@pytest.mark.parametrize(
    ("spelling", "name", "micalg"),
    [
        ("SHA1", "SHA1", "sha-1"),
        ("sha-1", "SHA1", "sha-1"),
        ("1.3.14.3.2.26", "SHA1", "sha-1"),
        ("Sha-224", "SHA224", "sha-224"),
        ("SHA256", "SHA256", "sha-256"),
        (" sha-256 ", "SHA256", "sha-256"),
        ("2.16.840.1.101.3.4.2.1", "SHA256", "sha-256"),
        ("SHA-384", "SHA384", "sha-384"),
        ("sha512", "SHA512", "sha-512"),
        ("2.16.840.1.101.3.4.2.3", "SHA512", "sha-512"),
        ("MD5", "MD5", "md5"),
        ("md-5", "MD5", "md5"),
        ("1.2.840.113549.2.5", "MD5", "md5"),
        ("SHA3-224", "SHA3-224", "sha3-224"),
        ("sha3256", "SHA3-256", "sha3-256"),
        ("SHA-3-384", "SHA3-384", "sha3-384"),
        ("2.16.840.1.101.3.4.2.10", "SHA3-512", "sha3-512"),
    ],
)
def test_digest_spellings(spelling: str, name: str, micalg: str) -> None:
    assert (digest_named(spelling).name, digest_named(spelling).micalg) == (name, micalg)


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("AES", "AESCBC128"),
        ("aescbc128", "AESCBC128"),
        ("AES-CBC-192", "AESCBC192"),
        ("AESCBC256", "AESCBC256"),
        ("2.16.840.1.101.3.4.1.42", "AESCBC256"),
        ("3des", "3DES"),
        ("1.2.840.113549.3.7", "3DES"),
        ("des", "DES"),
        ("1.3.14.3.2.7", "DES"),
        ("rc2", "RC2CBC128"),
        ("RC2-CBC-40", "RC2CBC40"),
        ("rc2cbc64", "RC2CBC64"),
        ("1.2.840.113549.3.2", "RC2CBC128"),
        ("AES-GCM-128", "AESGCM128"),
        ("2.16.840.1.101.3.4.1.26", "AESGCM192"),
        ("aesgcm256", "AESGCM256"),
    ],
)
def test_cipher_spellings(spelling: str, name: str) -> None:
    assert cipher_named(spelling).name == name


@pytest.mark.parametrize("name", ["", "ROT13", "SHA", "SHA3", "1.2.3", "AESCBC256\r\n.", "SHA256", "AESGCM", "DESX"])
def test_an_unknown_cipher_name_is_refused(name: str) -> None:
    with pytest.raises(SSMTPError, match="known are") as caught:
        cipher_named(name + "x")
    assert caught.value.code is ErrorCode.UNSUPPORTED_ALGORITHM


@pytest.mark.parametrize("name", ["", "ROT13", "SHA", "SHA3", "SHAKE256", "AES"])
def test_an_unknown_digest_name_is_refused(name: str) -> None:
    with pytest.raises(SSMTPError, match="known are") as caught:
        digest_named(name)
    assert caught.value.code is ErrorCode.UNSUPPORTED_ALGORITHM


@pytest.mark.parametrize("digest", DIGESTS, ids=lambda digest: digest.name)
def test_digest_identifiers(digest: Digest) -> None:
    identifier = algos.DigestAlgorithm.load(digest.algorithm_der, strict=True)
    assert identifier["algorithm"].dotted == digest.oid
    assert identifier["algorithm"].native == digest.hashlib_name == digest.hash.name.replace("-", "_")
    # RFC 3370 2.1 and 2.2, RFC 5754 2, RFC 9688 2: parameters are absent, and NULL for MD5 alone.
    assert identifier["parameters"].dump() == (b"\x05\x00" if digest.name == "MD5" else b"")


@pytest.mark.parametrize("digest", [*DIGESTS, SHAKE256], ids=lambda digest: digest.name)
def test_digests_are_those_of_another_implementation(digest: Digest) -> None:
    other = hashes.Hash(digest.hash)
    other.update(b"content in pieces")
    assert digest.of([b"content ", b"", b"in pieces"]) == other.finalize()


def test_the_identifier_of_shake256_says_how_long_the_digest_is() -> None:
    # id-shake256-len with 512 bits, RFC 8419 2.3
    assert SHAKE256.algorithm_der.hex() == "300f060960864801650304021202020200"


def test_a_digest_that_the_system_forbids_is_an_error_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(name: str) -> None:
        raise ValueError(f"[digital envelope routines] unsupported {name}")

    monkeypatch.setattr("hashlib.new", forbidden)
    with pytest.raises(SSMTPError, match="does not allow MD5") as caught:
        digest_named("MD5").of([b"x"])
    assert caught.value.code is ErrorCode.UNSUPPORTED_ALGORITHM


def test_ciphers_have_different_names() -> None:
    assert [cipher_named(cipher.name) for cipher in CIPHERS] == list(CIPHERS)


@pytest.mark.parametrize("cipher", CIPHERS, ids=lambda cipher: cipher.name)
def test_cipher_identifiers(cipher: ContentCipher) -> None:
    iv = bytes(range(cipher.iv_size))
    identifier = algos.EncryptionAlgorithm.load(cipher.algorithm_der(iv), strict=True)
    assert identifier["algorithm"].dotted == cipher.oid
    assert iv in identifier["parameters"].dump()
    if cipher.tag_size:
        assert identifier["parameters"].dump() == b"\x30\x11\x04\x0c" + iv + b"\x02\x01\x10"
        return
    assert identifier.encryption_iv == iv
    assert identifier.encryption_block_size == cipher.block_size == cipher.iv_size
    assert identifier.key_length == cipher.key_size


@pytest.mark.parametrize(("name", "version"), [("RC2CBC40", 160), ("RC2CBC64", 120), ("RC2CBC128", 58)])
def test_rc2_says_how_many_bits_of_its_key_count(name: str, version: int) -> None:
    identifier = algos.EncryptionAlgorithm.load(cipher_named(name).algorithm_der(bytes(8)), strict=True)
    assert identifier["parameters"]["rc2_parameter_version"].native == version


@pytest.mark.parametrize(
    ("spelling", "name"),
    [("sha-1", "SHA1"), ("SHA224", "SHA224"), ("2.16.840.1.101.3.4.2.1", "SHA256"), ("Sha-512", "SHA512")],
)
def test_hashes_of_oaep(spelling: str, name: str) -> None:
    assert oaep_named(spelling).name == f"OAEP and {name}"


@pytest.mark.parametrize("name", ["", "MD5", "SHA3-256", "AES"])
def test_other_hashes_are_refused_for_oaep(name: str) -> None:
    with pytest.raises(SSMTPError, match="known are SHA1, SHA224, SHA256, SHA384, SHA512") as caught:
        oaep_named(name)
    assert caught.value.code is ErrorCode.UNSUPPORTED_ALGORITHM
