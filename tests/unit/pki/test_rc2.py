from __future__ import annotations

import pytest

from ssmtp_compat.pki.rc2 import decrypt_cbc


@pytest.mark.parametrize(
    ("bits", "key", "plaintext", "ciphertext"),
    [
        (63, "0000000000000000", "0000000000000000", "ebb773f993278eff"),
        (64, "ffffffffffffffff", "ffffffffffffffff", "278b27e42e2f0d49"),
        (64, "3000000000000000", "1000000000000001", "30649edf9be7d2c2"),
        (64, "88", "0000000000000000", "61a8a244adacccf0"),
        (64, "88bca90e90875a", "0000000000000000", "6ccf4308974c267f"),
        (64, "88bca90e90875a7f0f79c384627bafb2", "0000000000000000", "1a807d272bbe5db1"),
        (128, "88bca90e90875a7f0f79c384627bafb2", "0000000000000000", "2269552ab0f85ca6"),
        (
            129,
            "88bca90e90875a7f0f79c384627bafb216f80a6f85920584c42fceb0be255daf1e",
            "0000000000000000",
            "5b78d3a43dfff1f1",
        ),
    ],
)
def test_the_vectors_of_rfc_2268_section_5(bits: int, key: str, plaintext: str, ciphertext: str) -> None:
    encrypted = bytes.fromhex(ciphertext)
    first = decrypt_cbc(bytes.fromhex(key), bits, bytes(8), encrypted * 2)
    assert first[:8].hex() == plaintext
    # CBC: the block before is the initialization vector of the next.
    assert first[8:] == bytes(a ^ b for a, b in zip(first[:8], encrypted, strict=True))


def test_a_part_of_a_block_is_refused() -> None:
    with pytest.raises(ValueError, match="whole blocks"):
        decrypt_cbc(b"12345", 40, bytes(8), b"123456789")
