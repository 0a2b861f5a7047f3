"""People of the test authority, one for each kind of key."""

from __future__ import annotations

from pathlib import Path

from interop.authority import Authority, Identity
from interop.processes import run

_EC = ("-algorithm", "EC", "-pkeyopt")
_SIZE = ("-pkeyopt", "rsa_keygen_bits:2048")
KINDS = {
    "RSA": ("-algorithm", "RSA", *_SIZE),
    "RSA-PSS": ("-algorithm", "RSA-PSS", *_SIZE),
    "P-256": (*_EC, "ec_paramgen_curve:P-256"),
    "P-384": (*_EC, "ec_paramgen_curve:P-384"),
    "P-521": (*_EC, "ec_paramgen_curve:P-521"),
    "Ed25519": ("-algorithm", "ED25519"),
    "Ed448": ("-algorithm", "ED448"),
    "X25519": ("-algorithm", "X25519"),
    "X448": ("-algorithm", "X448"),
}
"""Kind of key -> arguments of ``openssl genpkey``."""
SIGNERS = tuple(kind for kind in KINDS if not kind.startswith("X"))
RECIPIENTS = tuple(kind for kind in KINDS if kind != "RSA-PSS" and not kind.startswith("Ed"))
_USAGES = {"RSA": "keyEncipherment"}
"""What a key of the kind is for, when it is a recipient's; elsewhere key agreement."""

OLD_P12_PASSWORD = "x"

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
    signing = ["digitalSignature"] if kind in SIGNERS else []
    reading = [_USAGES.get(kind, "keyAgreement")] if kind in RECIPIENTS else []
    return ",".join(signing + reading)


def _issue(directory: Path, ca: Authority, kind: str) -> Identity:
    name = kind.lower()
    p12 = directory / f"{name}.p12"
    person = Identity(
        directory / f"{name}.pem", directory / f"{name}.key", f"{name}@example.test", p12, OLD_P12_PASSWORD
    )
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
    old_p12(person, ca, p12)
    return person


def old_p12(person: Identity, ca: Authority, target: Path) -> None:
    """Write key and chain to ``target`` with ``OLD_P12_PASSWORD``, encrypted as old readers want it (3DES)."""
    password = f"pass:{OLD_P12_PASSWORD}"
    old = ("-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1", "-passout", password)
    pair = ("-in", person.certificate, "-inkey", person.key, "-certfile", ca.certificate, "-name", person.email)
    run("openssl", "pkcs12", "-export", *old, *pair, "-out", target)
