"""Calls of the two functions that read S/MIME, as a user's program would make them; type-checked and never run."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from ssmtp_compat.pki.certificates import Certificate, KeyPair
from ssmtp_compat.smime.decrypting import Decrypted, decrypt_message
from ssmtp_compat.smime.verifying import SignerVerdict, Trust, Verification, verify_message


def read(message: bytes, roots: tuple[Certificate, ...], keys: Sequence[KeyPair]) -> str:
    decrypted: Decrypted = decrypt_message(message, keys)
    trust = Trust(roots, datetime.now(UTC), at_signing_time=True)
    verification: Verification = verify_message(decrypted.message, trust, sender="alice@example.org")
    signers: tuple[SignerVerdict, ...] = verification.signers
    names = [signer.certificate.subject for signer in signers if signer.certificate is not None]
    return ", ".join(names) if verification.verified and decrypted.authenticated else "; ".join(verification.problems)
