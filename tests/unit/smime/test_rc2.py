"""RC2 against the vectors of RFC 2268 5, and against the 128-bit RC2 of cryptography."""

from __future__ import annotations

import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import RC2
from cryptography.hazmat.primitives.ciphers import Cipher, modes

from ssmtp_compat.smime.rc2 import RC2CBC

VECTORS = [
    ("0000000000000000", 63, "0000000000000000", "ebb773f993278eff"),
    ("ffffffffffffffff", 64, "ffffffffffffffff", "278b27e42e2f0d49"),
    ("3000000000000000", 64, "1000000000000001", "30649edf9be7d2c2"),
    ("88", 64, "0000000000000000", "61a8a244adacccf0"),
    ("88bca90e90875a", 64, "0000000000000000", "6ccf4308974c267f"),
    ("88bca90e90875a7f0f79c384627bafb2", 64, "0000000000000000", "1a807d272bbe5db1"),
    ("88bca90e90875a7f0f79c384627bafb2", 128, "0000000000000000", "2269552ab0f85ca6"),
    (
        "88bca90e90875a7f0f79c384627bafb216f80a6f85920584c42fceb0be255daf1e",
        129,
        "0000000000000000",
        "5b78d3a43dfff1f1",
    ),
]
CONTENT = bytes(range(256)) * 3
IV = bytes(range(100, 108))


@pytest.mark.parametrize(("key", "bits", "plaintext", "ciphertext"), VECTORS)
def test_the_vectors_of_the_rfc(key: str, bits: int, plaintext: str, ciphertext: str) -> None:
    cipher = RC2CBC(bytes.fromhex(key), bytes(8), bits)
    assert cipher.encryptor().update(bytes.fromhex(plaintext)).hex() == ciphertext
    assert cipher.decryptor().update(bytes.fromhex(ciphertext)).hex() == plaintext


def test_blocks_are_chained_as_elsewhere() -> None:
    key = bytes(range(16))
    theirs = Cipher(RC2(key), modes.CBC(IV)).encryptor()
    expected = theirs.update(CONTENT) + theirs.finalize()
    ours = RC2CBC(key, IV, 128)
    assert ours.encryptor().update(CONTENT) == expected
    assert ours.decryptor().update(expected) == CONTENT


@pytest.mark.parametrize("size", [1, 7, 8, 9, 250])
def test_the_size_of_the_pieces_does_not_matter(size: int) -> None:
    cipher = RC2CBC(b"fiver", IV, 40)
    pieces = [CONTENT[i : i + size] for i in range(0, len(CONTENT), size)]
    encryptor, decryptor = cipher.encryptor(), cipher.decryptor()
    encrypted = b"".join(map(encryptor.update, pieces)) + encryptor.finalize()
    assert encrypted == cipher.encryptor().update(CONTENT)
    assert b"".join(decryptor.update(encrypted[i : i + size]) for i in range(0, len(encrypted), size)) == CONTENT


def test_half_a_block_at_the_end_is_an_error() -> None:
    for context in (RC2CBC(b"fiver", IV, 40).encryptor(), RC2CBC(b"fiver", IV, 40).decryptor()):
        assert context.update(b"1234567") == b""
        with pytest.raises(ValueError, match="block length"):
            context.finalize()
