"""Whether a message was really made the way it was asked for: some programs take an option and go on as they like."""

from __future__ import annotations

import re

from asn1crypto import cms, core

from interop.judges import mime
from interop.judges.judge import Encryption, Signature
from ssmtp_compat.smime.ciphers import CIPHERS
from ssmtp_compat.smime.digests import DIGESTS

_PSS = "1.2.840.113549.1.1.10"
_OAEP = "1.2.840.113549.1.1.7"
_RC2_VERSIONS = {"RC2CBC40": 160, "RC2CBC64": 120, "RC2CBC128": 58}
_DIGEST_OIDS = {digest.name: digest.oid for digest in DIGESTS}
_CIPHER_OIDS = {cipher.name: cipher.oid for cipher in CIPHERS}


def is_signed(message: bytes, way: Signature) -> bool:
    if mime.is_detached(message) != way.detached:
        return False
    structure = mime.signed_parts(message)[1] if way.detached else mime.structure(message)
    (signer,) = cms.ContentInfo.load(structure)["content"]["signer_infos"]
    if way.digest and signer["digest_algorithm"]["algorithm"].dotted != _DIGEST_OIDS[way.digest]:
        return False
    return (signer["signature_algorithm"]["algorithm"].dotted == _PSS) == way.pss


def is_encrypted(message: bytes, way: Encryption) -> bool:
    structure = mime.structure(message)
    cipher = re.escape(_encoded(_CIPHER_OIDS[way.cipher]))
    if way.cipher in _RC2_VERSIONS:
        cipher += b"0." + re.escape(core.Integer(_RC2_VERSIONS[way.cipher]).dump())
    if not re.search(cipher, structure, re.DOTALL) or (_encoded(_OAEP) in structure) != bool(way.oaep):
        return False
    # SHA-1 is the default, which is left out.
    return way.oaep in ("", "SHA1") or _encoded(_DIGEST_OIDS[way.oaep]) in structure


def _encoded(dotted: str) -> bytes:
    encoded: bytes = core.ObjectIdentifier(dotted).dump()
    return encoded
