"""Mozilla's NSS, by its command cmsutil."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from interop.authority import Authority, Identity
from interop.judges import mime
from interop.judges.judge import Encryption, Judge, Result, Signature
from interop.judges.people import OLD_P12_PASSWORD, old_p12
from interop.processes import run, run_anyhow

_DIGESTS = {"SHA1": "SHA1", "SHA224": "SHA224", "SHA256": "SHA256", "SHA384": "SHA384", "SHA512": "SHA512"}


class Nss(Judge):
    """``keys`` are imported, RSA and NIST's curves only, with a nickname that is the address."""

    name = "NSS cmsutil"

    def __init__(self, directory: Path, ca: Authority, keys: Iterable[Identity]) -> None:
        self._directory = directory
        self._database = f"sql:{directory}"
        run("certutil", "-N", "-d", self._database, "--empty-password")
        trusted = ("-n", "ca", "-t", "CT,C,C", "-i", ca.certificate)
        run("certutil", "-A", "-d", self._database, *trusted)
        for person in keys:
            p12 = directory / "import.p12"
            old_p12(person, ca, p12)
            run("pk12util", "-i", p12, "-d", self._database, "-W", OLD_P12_PASSWORD, "-K", "")
            p12.unlink()

    def verify(self, message: bytes) -> Result:
        if not mime.is_detached(message):
            return self._run("-D", mime.structure(message), "-u", "4")
        content, signature = mime.signed_parts(message)
        detached = self._directory / "detached"
        detached.write_bytes(content)
        return self._run("-D", signature, "-u", "4", "-c", detached)

    def decrypt(self, message: bytes, recipient: Identity) -> Result:
        """With whichever key fits."""
        return self._run("-D", mime.structure(message))

    def sign(self, entity: bytes, signer: Identity, way: Signature) -> Result:
        if way.digest not in _DIGESTS or way.pss:
            return self._lacks("choose this")
        options = ("-N", signer.email, "-H", _DIGESTS[way.digest], "-G", "-P")
        result = self._run("-S", entity, *options, *(("-T",) if way.detached else ()))
        return mime.signed(entity, result, way)

    def encrypt(self, entity: bytes, recipient: Identity, way: Encryption) -> Result:
        """The program chooses the cipher by itself, by what it knows about the recipient."""
        result = self._run("-E", entity, "-r", recipient.email)
        return mime.enveloped(result)

    def _run(self, action: str, data: bytes, *options: str | Path) -> Result:
        source, target = self._directory / "in", self._directory / "out"
        source.write_bytes(data)
        target.unlink(missing_ok=True)
        done = run_anyhow("cmsutil", action, "-d", self._database, "-i", source, "-o", target, *options)
        ok = done.returncode == 0
        return Result(ok, target.read_bytes() if ok else b"", done.stderr.decode(errors="replace"))
