"""GnuPG's gpgsm: the keys that it can hold, the authority trusted, an agent of its own."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from interop.authority import Authority, Identity
from interop.judges import mime
from interop.judges.judge import Encryption, Judge, Result, Signature
from interop.judges.people import OLD_P12_PASSWORD, old_p12
from interop.processes import run, run_anyhow

_PASSPHRASE = f"{OLD_P12_PASSWORD}\n".encode()
_IMPORTS = 3
_WITH_PASSPHRASE = ("--batch", "--pinentry-mode", "loopback", "--passphrase-fd", "0")
_CIPHERS = {"AESCBC128": "AES", "AESCBC192": "AES192", "AESCBC256": "AES256", "3DES": "3DES"}


class Gpgsm(Judge):
    """``home`` has to be a short path, since the agent's socket stands in it. ``keys`` are imported: RSA only, for
    gpgsm 2.2 crashes on a file with another kind of key."""

    name = "gpgsm"

    def __init__(self, home: Path, ca: Authority, keys: Iterable[Identity]) -> None:
        self._home = home
        self._environment = {"GNUPGHOME": str(home), "LC_ALL": "C"}
        home.chmod(0o700)
        (home / "gpgsm.conf").write_text("disable-crl-checks\ndisable-dirmngr\n")
        (home / "gpg-agent.conf").write_text("allow-loopback-pinentry\n")
        fingerprint = run("openssl", "x509", "-in", ca.certificate, "-noout", "-fingerprint", "-sha1").decode()
        (home / "trustlist.txt").write_text(f"{fingerprint.strip().partition('=')[2]} S relax\n")
        run("gpgsm", "--batch", "--import", ca.certificate, env=self._environment)
        for person in keys:
            self._import_key(person, ca)

    def _import_key(self, person: Identity, ca: Authority) -> None:
        p12 = self._home / "import.p12"
        # gpgsm 2.2 misreads a file once in a few hundred times ("possibly bad passphrase"); the salt decides.
        for attempt in range(_IMPORTS):
            old_p12(person, ca, p12)
            call = ("gpgsm", *_WITH_PASSPHRASE, "--import", p12)
            if attempt == _IMPORTS - 1:
                run(*call, data=_PASSPHRASE, env=self._environment)
            elif run_anyhow(*call, data=_PASSPHRASE, env=self._environment).returncode == 0:
                break
        p12.unlink()

    def verify(self, message: bytes) -> Result:
        """The result has no content where the signature is detached."""
        if mime.is_detached(message):
            signed, signature = mime.signed_parts(message)
            files = [self._file("signature", signature), self._file("content", signed)]
        else:
            files = [self._file("signature", mime.structure(message))]
        _, content, report = self._call("--verify", *files)
        # Its exit code is 0 for a signature whose key it does not trust, and 2 for a digest that it finds too short.
        trusted = {"[GNUPG:] GOODSIG", "[GNUPG:] VALIDSIG", "[GNUPG:] TRUST_FULLY"}
        ok = trusted <= {" ".join(line.split()[:2]) for line in report.splitlines()}
        return Result(ok, content if ok else b"", report)

    def decrypt(self, message: bytes, recipient: Identity) -> Result:
        """With whichever key fits."""
        return self._run("--decrypt", self._file("encrypted", mime.structure(message)))

    def sign(self, entity: bytes, signer: Identity, way: Signature) -> Result:
        if way.pss:
            return self._lacks("choose RSASSA-PSS")
        kind = ("--detach-sign",) if way.detached else ()
        options = ("--local-user", signer.email, "--digest-algo", way.digest, "--sign", *kind)
        result = self._run(*options, self._file("content", entity))
        return mime.signed(entity, result, way)

    def encrypt(self, entity: bytes, recipient: Identity, way: Encryption) -> Result:
        if way.cipher not in _CIPHERS or way.oaep:
            return self._lacks("choose this")
        options = ("--recipient", recipient.email, "--cipher-algo", _CIPHERS[way.cipher], "--encrypt")
        result = self._run(*options, self._file("content", entity))
        return mime.enveloped(result)

    def _file(self, name: str, data: bytes) -> Path:
        path = self._home / name
        path.write_bytes(data)
        return path

    def _run(self, *command: str | Path) -> Result:
        code, content, report = self._call(*command)
        return Result(code == 0, content if code == 0 else b"", report)

    def _call(self, *command: str | Path) -> tuple[int, bytes, str]:
        target = self._home / "output"
        target.write_bytes(b"")
        options = (*_WITH_PASSPHRASE, "--yes", "--status-fd", "2", "--output", target)
        done = run_anyhow("gpgsm", *options, *command, data=_PASSPHRASE, env=self._environment)
        return done.returncode, target.read_bytes(), done.stderr.decode(errors="replace")

    def stop(self) -> None:
        run("gpgconf", "--kill", "all", env=self._environment)
