"""The openssl command as a reader of S/MIME."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from interop.authority import Authority, Identity
from interop.processes import run_anyhow


@dataclass(frozen=True)
class CmsResult:
    """``content`` is what was signed or encrypted, empty unless ``ok``; ``report`` is what openssl said."""

    ok: bool
    content: bytes
    report: str


class OpenSSLCms:
    """``verify`` and ``decrypt`` take a whole message with its header, or with ``form="DER"`` a bare CMS structure."""

    def __init__(self, directory: Path, ca: Authority) -> None:
        self._directory = directory
        self._ca = ca

    def verify(self, signed: bytes, *, form: str = "SMIME", detached: bytes | None = None) -> CmsResult:
        """Check signature and chain. ``detached``: the content of a bare structure that does not hold it."""
        options: list[str | Path] = ["-CAfile", self._ca.certificate]
        if detached is not None:
            content = self._directory / "content"
            content.write_bytes(detached)
            options += ["-content", content, "-binary"]
        return self._cms("-verify", signed, form, *options)

    def decrypt(self, encrypted: bytes, recipient: Identity, *, form: str = "SMIME") -> CmsResult:
        return self._cms(
            "-decrypt", encrypted, form, "-recip", str(recipient.certificate), "-inkey", str(recipient.key)
        )

    def _cms(self, action: str, data: bytes, form: str, *options: str | Path) -> CmsResult:
        source, target = self._directory / "in", self._directory / "out"
        source.write_bytes(data)
        done = run_anyhow("openssl", "cms", action, "-inform", form, "-in", source, "-out", target, *options)
        ok = done.returncode == 0
        return CmsResult(ok, target.read_bytes() if ok else b"", done.stderr.decode(errors="replace"))
