"""People whose keys the library of the other tests cannot make, from the openssl command."""

from __future__ import annotations

import subprocess
from pathlib import Path

from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificate

from ssmtp_compat.pki.certificates import decode_certificate
from unit.pki.authority import Issued

ADDRESS = "alice@example.test"


def pss_owner(directory: Path, *demands: str) -> Issued:
    """With an RSA key that is for RSASSA-PSS alone, and what it demands besides, such as ``md:sha256``."""
    digest = next((demand.removeprefix("md:") for demand in demands if demand.startswith("md:")), "sha256")
    return key_owner(
        directory, "RSA-PSS", "rsa_keygen_bits:2048", *(f"rsa_pss_keygen_{demand}" for demand in demands), digest=digest
    )


def key_owner(directory: Path, algorithm: str, *options: str, digest: str = "sha256") -> Issued:
    """With a key that is made by the ``options`` of ``-pkeyopt``, in a certificate that it has signed."""
    key, certificate = directory / "key.pem", directory / "certificate.pem"
    command = ["openssl", "req", "-x509", f"-{digest}", "-newkey", algorithm, "-nodes", "-keyout", key]
    command += [part for option in options for part in ("-pkeyopt", option)]
    command += ["-subj", f"/CN={algorithm}", "-addext", f"subjectAltName=email:{ADDRESS}", "-out", certificate]
    subprocess.run(command, check=True, capture_output=True)
    octets = certificate.read_bytes()
    return Issued(
        decode_certificate(octets), load_pem_private_key(key.read_bytes(), None), load_pem_x509_certificate(octets)
    )
