"""BouncyCastle, the Java library, with its own reader of MIME on top of JavaMail."""

from __future__ import annotations

import os
from pathlib import Path

from interop.authority import Authority, Identity
from interop.judges import mime
from interop.judges.conversation import Conversation
from interop.judges.judge import Encryption, Judge, Result, Signature

JARS = tuple(
    Path("/usr/share/java") / f"{name}.jar"
    for name in ("bcmail", "bcpkix", "bcprov", "bcutil", "javax.mail", "javax.activation")
)
# One thread compiles and collects: there are few messages, and few processors.
_SMALL = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto")


class BouncyCastle(Judge):
    """Java compiles its program, Judge.java, at the start: the runtime without the development kit does that too."""

    name = "BouncyCastle"

    def __init__(self, directory: Path, ca: Authority) -> None:
        self._ca = ca
        path = os.pathsep.join(map(str, JARS))
        program = Path(__file__).with_name("Judge.java")
        temporary = f"-Djava.io.tmpdir={directory}"
        self._java = Conversation(directory, "java", *_SMALL, temporary, "-cp", path, program)

    def verify(self, message: bytes) -> Result:
        return self._java.ask("verify", message, self._ca.certificate)

    def decrypt(self, message: bytes, recipient: Identity) -> Result:
        return self._java.ask("decrypt", message, recipient.certificate, recipient.key)

    def sign(self, entity: bytes, signer: Identity, way: Signature) -> Result:
        if way.key.startswith("P-"):
            algorithm = f"{way.digest}withECDSA"
        elif way.key.startswith("RSA"):
            algorithm = f"{way.digest}with{'RSAandMGF1' if way.pss else 'RSA'}"
        else:
            algorithm = way.key
        kind = "detached" if way.detached else "opaque"
        result = self._java.ask("sign", entity, signer.certificate, signer.key, algorithm, kind)
        return mime.signed(entity, result, way)

    def encrypt(self, entity: bytes, recipient: Identity, way: Encryption) -> Result:
        result = self._java.ask("encrypt", entity, recipient.certificate, way.cipher, way.oaep or "v1.5")
        return mime.enveloped(result, "authEnveloped-data" if "GCM" in way.cipher else "enveloped-data")

    def stop(self) -> None:
        self._java.stop()
