from __future__ import annotations

import pytest
from asn1crypto import algos

from ssmtp_compat.errors import CertificateError
from ssmtp_compat.pki.stores.budget import MAXIMUM_ITERATIONS, MAXIMUM_RC2, Budget
from ssmtp_compat.pki.stores.pbe import (
    MAXIMUM_SALT,
    UnknownAlgorithmError,
    decrypt,
    derive_pkcs12,
    password_forms,
)

(PASSWORD,) = password_forms(b"secret")


def budget() -> Budget:
    return Budget("the store")


def pkcs12_scheme(name: str = "pkcs12_sha1_rc2_40", salt: bytes = b"saltsalt", iterations: int = 1) -> object:
    return algos.EncryptionAlgorithm({"algorithm": name, "parameters": {"salt": salt, "iterations": iterations}})


def pbes2(key_length: int | None, cipher: str = "aes256_cbc", iv: bytes = bytes(16)) -> object:
    derivation = {"salt": algos.Pbkdf2Salt("specified", b"saltsalt"), "iteration_count": 1, "key_length": key_length}
    return algos.EncryptionAlgorithm(
        {
            "algorithm": "pbes2",
            "parameters": {
                "key_derivation_func": {"algorithm": "pbkdf2", "parameters": derivation},
                "encryption_scheme": {"algorithm": cipher, "parameters": iv},
            },
        }
    )


def test_a_password_in_both_forms() -> None:
    (form,) = password_forms("ß🔑".encode())
    assert form.bmp == bytes.fromhex("00df d83d dd11 0000")
    assert form.utf8 == "ß🔑".encode()
    assert [form.bmp for form in password_forms(b"")] == [b"\0\0", b""]
    assert "secret" not in repr(PASSWORD)


@pytest.mark.parametrize("iterations", [0, -1, -(2**70)])
def test_a_derivation_without_iterations_is_refused(iterations: int) -> None:
    with pytest.raises(ValueError, match="without iterations"):
        decrypt(pkcs12_scheme(iterations=iterations), bytes(8), PASSWORD, budget())


def test_iterations_of_one_store_are_added_up() -> None:
    shared = budget()
    shared.derive(MAXIMUM_ITERATIONS - 1)
    shared.derive(1)
    with pytest.raises(CertificateError, match="A key derivation of the store asks for 1 iterations; at most 5000000"):
        shared.derive(1)


def test_a_salt_has_a_longest() -> None:
    assert len(derive_pkcs12("sha1", 1, PASSWORD, bytes(MAXIMUM_SALT), 1, 24, budget())) == 24
    with pytest.raises(ValueError, match="salt that is too long"):
        decrypt(pkcs12_scheme(salt=bytes(MAXIMUM_SALT + 1)), bytes(8), PASSWORD, budget())


def test_what_rc2_decrypts_of_one_store_is_added_up() -> None:
    shared = budget()
    with pytest.raises(ValueError, match="wrong padding"):
        decrypt(pkcs12_scheme(), bytes(8), PASSWORD, shared)
    with pytest.raises(CertificateError, match="octets of the store are encrypted with RC2"):
        decrypt(pkcs12_scheme(), bytes(MAXIMUM_RC2), PASSWORD, shared)


@pytest.mark.parametrize(
    ("algorithm", "ciphertext", "text"),
    [
        (pbes2(16), bytes(16), "a key length that is not the cipher's"),
        (pbes2(2**40), bytes(16), "a key length that is not the cipher's"),
        (pbes2(32, iv=bytes(8)), bytes(16), "whole blocks"),
        (pbes2(None), bytes(15), "whole blocks"),
        (pbes2(None), b"", "whole blocks"),
        (pbes2(None), bytes(16), "wrong padding"),
    ],
)
def test_wrong_parameters_and_wrong_padding_are_value_errors(algorithm: object, ciphertext: bytes, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        decrypt(algorithm, ciphertext, PASSWORD, budget())


@pytest.mark.parametrize("algorithm", [pkcs12_scheme("pkcs12_sha1_rc4_40"), pbes2(None, "aes256_ofb")])
def test_other_algorithms_are_named_as_unknown(algorithm: object) -> None:
    with pytest.raises(UnknownAlgorithmError):
        decrypt(algorithm, bytes(16), PASSWORD, budget())
