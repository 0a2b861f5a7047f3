"""Python's cryptography, whose module pkcs7 signs, encrypts and decrypts, each with a few algorithms."""

from __future__ import annotations

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.ciphers.algorithms import AES128, AES256
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from interop.authority import Identity
from interop.judges import mime
from interop.judges.judge import Encryption, Judge, Result, Signature

_DIGESTS = {"SHA224": hashes.SHA224, "SHA256": hashes.SHA256, "SHA384": hashes.SHA384, "SHA512": hashes.SHA512}
_CIPHERS = {"AESCBC128": AES128, "AESCBC256": AES256}


class Pyca(Judge):
    name = "cryptography pkcs7"

    def decrypt(self, message: bytes, recipient: Identity) -> Result:
        certificate, key = _certificate(recipient), _key(recipient)
        try:
            content = pkcs7.pkcs7_decrypt_der(mime.structure(message), certificate, key, [])
        except (TypeError, ValueError, UnsupportedAlgorithm) as error:
            return Result(False, b"", f"{type(error).__name__}: {error}")
        return Result(True, content, "")

    def sign(self, entity: bytes, signer: Identity, way: Signature) -> Result:
        if way.digest not in _DIGESTS:
            return self._lacks("choose this")
        digest = _DIGESTS[way.digest]()
        padding = PSS(MGF1(digest), PSS.DIGEST_LENGTH) if way.pss else None
        options = [pkcs7.PKCS7Options.Binary, *([pkcs7.PKCS7Options.DetachedSignature] if way.detached else [])]
        builder = pkcs7.PKCS7SignatureBuilder().set_data(entity)
        builder = builder.add_signer(_certificate(signer), _key(signer), digest, rsa_padding=padding)
        signature = builder.sign(Encoding.DER, options)
        return mime.signed(entity, Result(True, signature, ""), way)

    def encrypt(self, entity: bytes, recipient: Identity, way: Encryption) -> Result:
        if way.cipher not in _CIPHERS or way.oaep or way.key != "RSA":
            return self._lacks("choose this")
        builder = pkcs7.PKCS7EnvelopeBuilder().set_data(entity).add_recipient(_certificate(recipient))
        builder = builder.set_content_encryption_algorithm(_CIPHERS[way.cipher])
        der = builder.encrypt(Encoding.DER, [pkcs7.PKCS7Options.Binary])
        return mime.enveloped(Result(True, der, ""))


def _certificate(person: Identity) -> x509.Certificate:
    return x509.load_pem_x509_certificate(person.certificate.read_bytes())


def _key(person: Identity):
    return serialization.load_pem_private_key(person.key.read_bytes(), None)
