"""GnuTLS, by its command certtool. It knows signatures only."""

from __future__ import annotations

from pathlib import Path

from interop.authority import Authority, Identity
from interop.judges import mime
from interop.judges.judge import Judge, Result, Signature
from interop.processes import run_anyhow


class Certtool(Judge):
    """Signatures that are no longer secure are allowed, so that they can be read at all."""

    name = "GnuTLS certtool"

    def __init__(self, directory: Path, ca: Authority) -> None:
        self._directory = directory
        self._ca = ca

    def verify(self, message: bytes) -> Result:
        """The result has no content where the signature is detached."""
        trust = ("--inder", "--verify-allow-broken", "--load-ca-certificate", self._ca.certificate)
        if not mime.is_detached(message):
            return self._run("--p7-verify", mime.structure(message), "--p7-show-data", *trust)
        content, signature = mime.signed_parts(message)
        detached = self._directory / "detached"
        detached.write_bytes(content)
        result = self._run("--p7-verify", signature, "--load-data", detached, *trust)
        return Result(result.ok, b"", result.report)  # what it writes are its findings

    def sign(self, entity: bytes, signer: Identity, way: Signature) -> Result:
        if way.pss and way.key == "RSA":
            return self._lacks("choose this")  # --sign-params RSA-PSS is ignored, so the key has to be for that alone
        action = "--p7-detached-sign" if way.detached else "--p7-sign"
        pair = ("--load-certificate", signer.certificate, "--load-privkey", signer.key)
        digest = ("--hash", way.digest.lower()) if way.digest else ()
        result = self._run(action, entity, "--outder", "--p7-time", *pair, *digest)
        return mime.signed(entity, result, way)

    def _run(self, action: str, data: bytes, *options: str | Path) -> Result:
        source, target = self._directory / "in", self._directory / "out"
        source.write_bytes(data)
        target.unlink(missing_ok=True)
        done = run_anyhow("certtool", action, "--infile", source, "--outfile", target, *options)
        ok = done.returncode == 0
        written = target.read_bytes() if target.exists() else b""
        report = (done.stdout + done.stderr).decode(errors="replace")
        return Result(ok, written if ok else b"", report)
