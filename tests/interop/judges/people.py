"""People of the test authority, one for each kind of key."""

from __future__ import annotations

from pathlib import Path

from interop.authority import Authority, Identity
from interop.processes import run

_EC = ("-algorithm", "EC", "-pkeyopt")
KINDS = {
    "RSA": ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"),
    "P-256": (*_EC, "ec_paramgen_curve:P-256"),
    "P-384": (*_EC, "ec_paramgen_curve:P-384"),
    "P-521": (*_EC, "ec_paramgen_curve:P-521"),
    "Ed25519": ("-algorithm", "ED25519"),
    "Ed448": ("-algorithm", "ED448"),
    "X25519": ("-algorithm", "X25519"),
    "X448": ("-algorithm", "X448"),
}
"""Kind of key -> arguments of ``openssl genpkey``."""
_USAGE = {"RSA": "digitalSignature,keyEncipherment", "Ed": "digitalSignature", "X": "keyAgreement"}
_EC_USAGE = "digitalSignature,keyAgreement"

_EXTENSIONS = """\
[person]
basicConstraints = CA:FALSE
keyUsage = critical,{usage}
extendedKeyUsage = emailProtection
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = email:{email}
"""


def issue_people(directory: Path, ca: Authority) -> dict[str, Identity]:
    """Key and certificate of each kind."""
    return {kind: _issue(directory, ca, kind) for kind in KINDS}


def _usage(kind: str) -> str:
    return next((usage for start, usage in _USAGE.items() if kind.startswith(start)), _EC_USAGE)


def _issue(directory: Path, ca: Authority, kind: str) -> Identity:
    name = kind.lower()
    person = Identity(directory / f"{name}.pem", directory / f"{name}.key", f"{name}@example.test")
    extensions = directory / "extensions.cnf"
    extensions.write_text(_EXTENSIONS.format(usage=_usage(kind), email=person.email))
    public = directory / f"{name}.pub"
    run("openssl", "genpkey", *KINDS[kind], "-out", person.key)
    run("openssl", "pkey", "-in", person.key, "-pubout", "-out", public)
    # No certificate request: an X25519 key cannot sign one.
    issuer = ("-CA", ca.certificate, "-CAkey", ca.directory / "ca.key", "-days", "20")
    wanted = ("-new", "-force_pubkey", public, "-subj", f"/CN={kind}/emailAddress={person.email}")
    run(
        "openssl",
        "x509",
        *wanted,
        *issuer,
        "-extfile",
        extensions,
        "-extensions",
        "person",
        "-out",
        person.certificate,
    )
    return person


def old_p12(person: Identity, ca: Authority, target: Path) -> None:
    """Write key and chain to ``target`` with the password "x", encrypted as old readers want it (3DES)."""
    old = ("-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1", "-passout", "pass:x")
    pair = ("-in", person.certificate, "-inkey", person.key, "-certfile", ca.certificate, "-name", person.email)
    run("openssl", "pkcs12", "-export", *old, *pair, "-out", target)
