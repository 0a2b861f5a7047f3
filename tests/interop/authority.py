"""A certificate authority run by the openssl command: server certificates, and people with S/MIME certificates."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from interop.processes import run

PASSWORD = "p12-pässword"

_CONFIGURATION = """\
[ca]
default_ca = d
[d]
database = {directory}/index.txt
new_certs_dir = {directory}/newcerts
certificate = {directory}/ca.pem
private_key = {directory}/ca.key
serial = {directory}/serial
crlnumber = {directory}/crlnumber
default_md = sha256
default_days = 20
default_crl_days = 5
policy = p
unique_subject = no
[p]
commonName = supplied
emailAddress = optional
[server]
basicConstraints = CA:FALSE
keyUsage = critical,digitalSignature,keyEncipherment
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = DNS:localhost,DNS:mail.example.test,IP:127.0.0.1
[smime]
basicConstraints = CA:FALSE
keyUsage = critical,digitalSignature,keyEncipherment,nonRepudiation
extendedKeyUsage = emailProtection,clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = email:{email}
"""


@dataclass(frozen=True)
class Identity:
    """A certificate with its key, as PEM files; people have both in a PKCS#12 file too."""

    certificate: Path
    key: Path
    email: str = ""
    p12: Path | None = None
    p12_password: str = PASSWORD


class Authority:
    """An RSA authority in ``directory``. ``certificate`` is what a peer has to trust."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.certificate = directory / "ca.pem"
        (directory / "newcerts").mkdir()
        (directory / "index.txt").touch()
        (directory / "serial").write_text("1000\n")
        (directory / "crlnumber").write_text("1000\n")
        key = ("-newkey", "rsa:2048", "-nodes", "-keyout", directory / "ca.key")
        usage = ("-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
        run("openssl", "req", "-x509", *key, "-days", "30", "-out", self.certificate, "-subj", "/CN=Test CA", *usage)
        self.server = self._issue("server", "/CN=localhost", "server")
        self.alice = self._issue_person("alice")
        self.bob = self._issue_person("bob")

    def _issue_person(self, name: str) -> Identity:
        email = f"{name}@example.test"
        plain = self._issue(name, f"/CN={name.title()}/emailAddress={email}", "smime", email)
        p12 = self.directory / f"{name}.p12"
        pair = ("-in", plain.certificate, "-inkey", plain.key, "-certfile", self.certificate)
        # The password comes from a file: on a command line its encoding would hang on the locale.
        secret = self.directory / "p12-password"
        secret.write_text(PASSWORD + "\n", encoding="utf-8")
        run("openssl", "pkcs12", "-export", *pair, "-name", name, "-out", p12, "-passout", f"file:{secret}")
        return Identity(plain.certificate, plain.key, email, p12)

    def _issue(self, name: str, subject: str, extensions: str, email: str = "nobody@example.test") -> Identity:
        configuration = self.directory / "ca.cnf"
        configuration.write_text(_CONFIGURATION.format(directory=self.directory, email=email))
        identity = Identity(self.directory / f"{name}.pem", self.directory / f"{name}.key")
        request = self.directory / f"{name}.csr"
        key = ("-newkey", "rsa:2048", "-nodes", "-keyout", identity.key)
        run("openssl", "req", "-new", *key, "-out", request, "-subj", subject)
        signing = ("-config", configuration, "-extensions", extensions, "-in", request, "-out", identity.certificate)
        run("openssl", "ca", "-batch", "-notext", *signing)
        return identity
