"""This library in the place of a judge, so that it stands on either side of a comparison."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from cryptography.hazmat.primitives.serialization import load_pem_private_key

from interop.authority import Authority, Identity
from interop.judges.judge import Encryption, Judge, Result, Signature
from ssmtp_compat import (
    CertStoreTypes,
    ssmtp_do_addrecipientcert,
    ssmtp_do_config,
    ssmtp_do_encrypt,
    ssmtp_do_sign,
)
from ssmtp_compat.errors import SSMTPError
from ssmtp_compat.pki.certificates import KeyPair, decode_certificate
from ssmtp_compat.smime.decrypting import decrypt_message
from ssmtp_compat.smime.verifying import Trust, verify_message
from wire.mailer import Mailer


class Ours(Judge):
    """What it writes is the entity with the fields of its own. A refusal's report is the code, a colon and the text."""

    name = "ssmtp_compat"

    def __init__(self, ca: Authority) -> None:
        self._anchors = (decode_certificate(ca.certificate.read_bytes()),)

    def verify(self, message: bytes) -> Result:
        """The message needs a From field, for the signer has to be who it names."""
        try:
            found = verify_message(message, Trust(self._anchors, datetime.now(UTC)))
        except SSMTPError as error:
            return Result(False, b"", str(error))
        problems = [problem for part in (*found.signers, found) for problem in part.problems]
        return Result(found.verified, found.content if found.verified else b"", "; ".join(problems))

    def decrypt(self, message: bytes, recipient: Identity) -> Result:
        key = load_pem_private_key(recipient.key.read_bytes(), None)
        pair = KeyPair(decode_certificate(recipient.certificate.read_bytes()), key)
        try:
            return Result(True, decrypt_message(message, [pair]).content, "")
        except SSMTPError as error:
            return Result(False, b"", str(error))

    def sign(self, entity: bytes, signer: Identity, way: Signature) -> Result:
        with _mailer(entity) as mailer:
            mailer.set(CertStoreType=CertStoreTypes.cstPFXFile, CertStore=str(signer.p12))
            mailer.set(CertStorePassword=signer.p12_password, CertSubject="*")
            if way.digest:
                mailer.set(SigningAlgorithm=way.digest)
            pss = {"UsePSS": True} if way.pss else {}
            opaque = {} if way.detached else {"DetachedSignature": False}
            return _done(mailer, ssmtp_do_sign, pss | opaque)

    def encrypt(self, entity: bytes, recipient: Identity, way: Encryption) -> Result:
        with _mailer(entity) as mailer:
            mailer.set(EncryptingAlgorithm=way.cipher)
            assert ssmtp_do_addrecipientcert(mailer.handle, recipient.certificate.read_bytes()) == 0, mailer.error
            oaep = {"UseOAEP": True, "OAEPHashAlgorithm": way.oaep} if way.oaep else {}
            return _done(mailer, ssmtp_do_encrypt, oaep)


def _mailer(entity: bytes) -> Mailer:
    header, _, body = entity.decode("ascii").partition("\r\n\r\n")
    return Mailer(25, OtherHeaders=header, MessageText=body)


def _done(mailer: Mailer, operation: Callable[[int], int], settings: Mapping[str, object]) -> Result:
    for name, value in settings.items():
        ssmtp_do_config(mailer.handle, f"{name}={value}")
        if mailer.error[0]:
            return _refused(mailer)
    if operation(mailer.handle):
        return _refused(mailer)
    message = mailer.get("OtherHeaders") + "\r\n" + mailer.get("MessageText")
    return Result(True, message.encode("ascii"), "")


def _refused(mailer: Mailer) -> Result:
    code, text = mailer.error
    return Result(False, b"", f"{code}: {text}")
