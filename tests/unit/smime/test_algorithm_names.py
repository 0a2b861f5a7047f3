from __future__ import annotations

import pytest
from asn1crypto import algos

from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.errors import SSMTPError, UnsupportedError
from ssmtp_compat.smime.ciphers import CIPHERS, ContentCipher, cipher_named
from ssmtp_compat.smime.digests import DIGESTS, Digest, digest_named
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


@pytest.mark.parametrize("name", ["MD5", "md-5", "1.2.840.113549.2.5"])
def test_a_digest_for_later_is_called_unsupported(name: str) -> None:
    with pytest.raises(UnsupportedError, match="not supported; supported are SHA1") as caught:
        digest_named(name)
    assert caught.value.code is ErrorCode.NOT_SUPPORTED


@pytest.mark.parametrize("name", ["", "ROT13", "SHA", "SHA3", "1.2.3", "AESCBC256\r\n.", "SHA256", "AESGCM", "DESX"])
def test_an_unknown_cipher_name_is_refused(name: str) -> None:
    with pytest.raises(SSMTPError, match="known are") as caught:
        cipher_named(name + "x")
    assert caught.value.code is ErrorCode.UNSUPPORTED_ALGORITHM


@pytest.mark.parametrize("name", ["", "ROT13", "SHA", "AES"])
def test_an_unknown_digest_name_is_refused(name: str) -> None:
    with pytest.raises(SSMTPError, match="known are") as caught:
        digest_named(name)
    assert caught.value.code is ErrorCode.UNSUPPORTED_ALGORITHM


@pytest.mark.parametrize("digest", DIGESTS, ids=lambda digest: digest.name)
def test_digest_identifiers(digest: Digest) -> None:
    identifier = algos.DigestAlgorithm.load(digest.algorithm_der, strict=True)
    assert identifier["algorithm"].native == digest.hashlib_name == digest.hash.name
    assert identifier["parameters"].native is None


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
