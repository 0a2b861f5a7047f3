"""Every algorithm that is read, as the openssl command and this library write them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, x25519

from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.errors import SSMTPError
from ssmtp_compat.pki.certificates import KeyPair
from ssmtp_compat.smime.ciphers import CIPHERS, ContentCipher
from ssmtp_compat.smime.decrypting import decrypt_message
from ssmtp_compat.smime.enveloped_data import read_enveloped_data
from ssmtp_compat.smime.enveloping import RecipientsSpec, encrypt
from ssmtp_compat.smime.key_recovery import recover_key
from ssmtp_compat.smime.key_transport import PKCS1, oaep_named
from ssmtp_compat.smime.structures import open_content_info
from unit.pki.authority import NOW, Issued, issue, name, rsa_key
from unit.smime.forge import CONTENT
from unit.smime.openssl_writer import Writer

LEGACY = ("-provider", "legacy", "-provider", "default")
CURVES = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}


@pytest.fixture(scope="session")
def owners(root: Issued) -> dict[str, Issued]:
    keys = {"RSA": rsa_key(20)} | {curve: ec.generate_private_key(CURVES[curve]) for curve in CURVES}
    keys["X25519"] = x25519.X25519PrivateKey.generate()
    return {
        kind: issue(name(("CN", kind)), key, issuer=root, usage=["key_encipherment", "key_agreement"])
        for kind, key in keys.items()
    }


@pytest.fixture
def writer(tmp_path: Path) -> Writer:
    return Writer(tmp_path)


CBC = [("-aes128",), ("-aes192",), ("-aes256",), ("-des3",), ("-aes256", "-stream"), ("-aes128", "-keyid")]
GCM = [("-aes-128-gcm",), ("-aes-192-gcm",), ("-aes-256-gcm",)]
OLD = [("-des", *LEGACY), ("-rc2-40", *LEGACY), ("-rc2-64", *LEGACY), ("-rc2-128", *LEGACY)]


@pytest.mark.parametrize("kind", ["RSA", *CURVES])
@pytest.mark.parametrize("options", [*CBC, *GCM], ids=" ".join)
def test_what_openssl_encrypts_is_read(owners: dict[str, Issued], writer: Writer, kind: str, options: tuple[str, ...]):
    owner = owners[kind]
    decrypted = decrypt_message(writer.encrypts(CONTENT, *options, recipients=(owner,)), [owner.key_pair])
    assert (decrypted.content, decrypted.recipient) == (CONTENT, owner.certificate)
    assert decrypted.authenticated == (options in GCM)
    assert any("not authenticated" in each for each in decrypted.weaknesses) == (options not in GCM)
    assert any("no protection" in each for each in decrypted.weaknesses) == (options == ("-des3",))


@pytest.mark.parametrize("options", OLD, ids=" ".join)
def test_old_ciphers_are_read_and_reported(owners: dict[str, Issued], writer: Writer, options: tuple[str, ...]):
    owner = owners["RSA"]
    decrypted = decrypt_message(writer.encrypts(CONTENT, *options, recipients=(owner,)), [owner.key_pair])
    assert decrypted.content == CONTENT
    assert "no protection" in decrypted.weaknesses[0]


OAEP = [
    ("sha1", "sha1"),
    ("sha224", "sha224"),
    ("sha256", "sha256"),
    ("sha384", "sha384"),
    ("sha512", "sha512"),
    ("sha256", "sha1"),
    ("sha1", "sha256"),
]


@pytest.mark.parametrize(("md", "mgf"), OAEP)
def test_oaep_with_any_hash_is_read(owners: dict[str, Issued], writer: Writer, md: str, mgf: str):
    owner = owners["RSA"]
    padding = ("rsa_padding_mode:oaep", f"rsa_oaep_md:{md}", f"rsa_mgf1_md:{mgf}", "rsa_oaep_label:00ff")
    for count in (3, 4):
        enveloped = writer.encrypts(CONTENT, "-aes128", recipients=[owner], key_options=padding[:count])
        assert decrypt_message(enveloped, [owner.key_pair]).content == CONTENT


@pytest.mark.parametrize(("md", "mgf", "named"), [("sha3-256", "sha1", "SHA3-256"), ("sha256", "md5", "MD5")])
def test_oaep_with_a_hash_that_is_not_supported_says_which(
    owners: dict[str, Issued], writer: Writer, md: str, mgf: str, named: str
):
    owner = owners["RSA"]
    padding = ("rsa_padding_mode:oaep", f"rsa_oaep_md:{md}", f"rsa_mgf1_md:{mgf}")
    enveloped = writer.encrypts(CONTENT, "-aes128", recipients=[owner], key_options=padding)
    with pytest.raises(SSMTPError, match=f"RSAES-OAEP and {named}; only SHA-1 and SHA-2") as caught:
        decrypt_message(enveloped, [owner.key_pair])
    assert caught.value.code is ErrorCode.UNSUPPORTED_ALGORITHM


@pytest.mark.parametrize("md", ["sha1", "sha224", "sha256", "sha384", "sha512"])
@pytest.mark.parametrize("cofactor", ["0", "1"])
def test_key_agreement_with_every_scheme_is_read(owners: dict[str, Issued], writer: Writer, md: str, cofactor: str):
    owner = owners["P-256"]
    scheme = (f"ecdh_kdf_md:{md}", f"ecdh_cofactor_mode:{cofactor}")
    enveloped = writer.encrypts(CONTENT, "-aes192", recipients=[owner], key_options=scheme)
    assert decrypt_message(enveloped, [owner.key_pair]).content == CONTENT


def test_a_key_wrapped_with_3des_is_the_right_one_or_none(owners: dict[str, Issued], writer: Writer):
    """RFC 3217 3.2: its check is the beginning of a SHA-1."""
    owner = owners["P-256"]
    enveloped = writer.encrypts(CONTENT, "-des3", recipients=[owner])
    (recipient,) = read_enveloped_data(open_content_info(enveloped)[1]).recipients
    assert len(recover_key(recipient, owner.key)) == 24
    wrapped = recipient.encrypted_key
    for changed in (*(_flipped(wrapped, place) for place in range(len(wrapped))), wrapped[:-1], wrapped + b"x", b""):
        assert recover_key(replace(recipient, encrypted_key=changed), owner.key) is None


def _flipped(octets: bytes, place: int) -> bytes:
    return octets[:place] + bytes((octets[place] ^ 1,)) + octets[place + 1 :]


def test_each_of_many_recipients_reads_with_his_own_key(owners: dict[str, Issued], writer: Writer):
    mixed = tuple(owners[kind] for kind in ("RSA", *CURVES))
    for form in ("DER", "PEM", "SMIME"):
        enveloped = writer.encrypts(CONTENT, "-aes256", recipients=mixed, form=form)
        for owner in mixed:
            assert decrypt_message(enveloped, [owner.key_pair]).content == CONTENT
        everybody = [owner.key_pair for owner in reversed(mixed)]
        assert decrypt_message(enveloped, everybody).content == CONTENT


WRAPPED = [cipher for cipher in CIPHERS if cipher.key_size >= 16]  # shorter keys cannot be wrapped with AES


@pytest.mark.parametrize(
    ("kind", "cipher"),
    [("RSA", cipher) for cipher in CIPHERS] + [(kind, cipher) for kind in ("P-384", "X25519") for cipher in WRAPPED],
    ids=lambda value: getattr(value, "name", value),
)
def test_what_this_library_encrypts_is_read(owners: dict[str, Issued], kind: str, cipher: ContentCipher):
    owner = owners[kind]
    for transport in (PKCS1, oaep_named("SHA256")):
        spec = RecipientsSpec((owner.certificate,), cipher, NOW, transport=transport)
        enveloped = b"".join(encrypt([CONTENT], len(CONTENT), spec))
        decrypted = decrypt_message(enveloped, [KeyPair(owner.certificate, owner.key)])
        assert (decrypted.content, decrypted.cipher) == (CONTENT, cipher.name)
