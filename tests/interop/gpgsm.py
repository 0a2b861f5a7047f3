"""GnuPG's gpgsm as a reader of S/MIME: alice's and bob's keys, the authority trusted, an agent of its own.

gpgsm 2.2 reads neither AuthEnvelopedData (GCM) nor RSA-OAEP.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from interop.authority import Authority, Identity
from interop.processes import run, run_anyhow

_PASSPHRASE = b"x\n"
_IMPORTS = 3
_WITH_PASSPHRASE = ("--batch", "--pinentry-mode", "loopback", "--passphrase-fd", "0")


@dataclass(frozen=True)
class GpgsmResult:
    """``status`` holds the lines of --status-fd without their ``[GNUPG:] ``; ``report`` is what was said for people."""

    ok: bool
    content: bytes
    status: tuple[str, ...]
    report: str

    @property
    def keywords(self) -> set[str]:
        return {line.split()[0] for line in self.status}

    @property
    def good_signature(self) -> bool:
        """Signature, chain and trust are all in order."""
        return self.ok and {"GOODSIG", "VALIDSIG", "TRUST_FULLY"} <= self.keywords


class Gpgsm:
    """``home`` has to be a short path, since the agent's socket stands in it."""

    def __init__(self, home: Path, ca: Authority) -> None:
        self._home = home
        self._environment = {"GNUPGHOME": str(home), "LC_ALL": "C"}
        home.chmod(0o700)
        (home / "gpgsm.conf").write_text("disable-crl-checks\ndisable-dirmngr\n")
        (home / "gpg-agent.conf").write_text("allow-loopback-pinentry\n")
        fingerprint = run("openssl", "x509", "-in", ca.certificate, "-noout", "-fingerprint", "-sha1").decode()
        (home / "trustlist.txt").write_text(f"{fingerprint.strip().partition('=')[2]} S relax\n")
        run("gpgsm", "--batch", "--import", ca.certificate, env=self._environment)
        for person in (ca.alice, ca.bob):
            self._import_key(person, ca)

    def _import_key(self, person: Identity, ca: Authority) -> None:
        # A p12 of today's kind (PBES2) is one that gpgsm 2.2 cannot read.
        p12 = self._home / "import.p12"
        old = ("-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1", "-passout", "pass:x")
        pair = ("-in", person.certificate, "-inkey", person.key, "-certfile", ca.certificate)
        # gpgsm 2.2 misreads a file once in a few hundred times ("possibly bad passphrase"); the salt decides.
        for attempt in range(_IMPORTS):
            run("openssl", "pkcs12", "-export", *old, *pair, "-out", p12)
            call = ("gpgsm", *_WITH_PASSPHRASE, "--import", p12)
            if attempt == _IMPORTS - 1:
                run(*call, data=_PASSPHRASE, env=self._environment)
            elif run_anyhow(*call, data=_PASSPHRASE, env=self._environment).returncode == 0:
                break
        p12.unlink()

    def verify(self, signature: bytes, content: bytes) -> GpgsmResult:
        """Check a detached signature, DER, over ``content`` exactly as it was signed. The result has no content."""
        signature_file, content_file = self._home / "signature", self._home / "content"
        signature_file.write_bytes(signature)
        content_file.write_bytes(content)
        return self._run("--verify", signature_file, content_file)

    def decrypt(self, encrypted: bytes) -> GpgsmResult:
        """Decrypt a bare DER structure with whichever key fits."""
        encrypted_file = self._home / "encrypted"
        encrypted_file.write_bytes(encrypted)
        return self._run("--decrypt", encrypted_file)

    def _run(self, *command: str | Path) -> GpgsmResult:
        target = self._home / "output"
        options = (*_WITH_PASSPHRASE, "--yes", "--status-fd", "1", "--output", target)
        target.write_bytes(b"")
        done = run_anyhow("gpgsm", *options, *command, data=_PASSPHRASE, env=self._environment)
        ok = done.returncode == 0
        status = tuple(line.removeprefix("[GNUPG:] ") for line in done.stdout.decode().splitlines())
        return GpgsmResult(ok, target.read_bytes() if ok else b"", status, done.stderr.decode(errors="replace"))

    def stop(self) -> None:
        run("gpgconf", "--kill", "all", env=self._environment)
