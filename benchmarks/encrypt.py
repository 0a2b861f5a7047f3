"""Encrypting 100 MB to base64: against ``openssl cms -encrypt -stream`` from file to file, and the memory it takes."""

from __future__ import annotations

import datetime
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from side_by_side import compare, extra_memory, need
from sign import throwaway

import ssmtp_compat as ssmtp
from ssmtp_compat import PropertyID

SIZE = 100_000_000
CHUNK = 1 << 18
LINE = "x" * 70 + "\r\n"
CIPHERS = {"AESCBC256": "-aes256", "AESGCM256": "-aes-256-gcm"}


def pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(CHUNK):
            yield piece


def encrypt_file(recipient: Path, source: Path, target: Path, cipher: str) -> None:
    """Encrypt ``source`` into ``target`` the way a queue does, never holding it."""
    from ssmtp_compat.message.transfer_encoding import fold_base64
    from ssmtp_compat.pki.certificates import decode_certificate
    from ssmtp_compat.smime.ciphers import cipher_named
    from ssmtp_compat.smime.enveloping import RecipientsSpec, encrypt

    certificates = (decode_certificate(recipient.read_bytes()),)
    spec = RecipientsSpec(certificates, cipher_named(cipher), datetime.datetime.now(datetime.UTC))
    with target.open("wb") as file:
        file.writelines(fold_base64(encrypt(pieces(source), source.stat().st_size, spec)))


def encrypt_with_openssl(recipient: Path, source: Path, target: Path, option: str) -> None:
    command = [need("openssl"), "cms", "-encrypt", "-stream", "-binary", option]
    subprocess.run([*command, "-in", source, "-out", target, recipient], check=True)


def from_file(recipient: Path, source: Path, target: Path, cipher: str) -> Callable[[], object]:
    small = target.with_suffix(".small")
    small.write_bytes(b"x")
    encrypt_file(recipient, small, target, cipher)  # everything is loaded
    return lambda: encrypt_file(recipient, source, target, cipher)


def from_text(recipient: Path, cipher: str, sign: bytes) -> Callable[[], object]:
    """``sign``: a PEM store, to sign what is encrypted, or nothing."""
    handle = ssmtp.ssmtp_open()
    ssmtp.ssmtp_set(handle, PropertyID.EncryptingAlgorithm, cipher)
    ssmtp.ssmtp_do_addrecipientcert(handle, recipient.read_bytes())
    if sign:
        ssmtp.ssmtp_set(handle, PropertyID.CertStoreType, ssmtp.CertStoreTypes.cstPEMKeyBlob)
        ssmtp.ssmtp_set(handle, PropertyID.CertStore, sign)
        ssmtp.ssmtp_set(handle, PropertyID.CertSubject, "*")

    def run(text: str = LINE * (SIZE // len(LINE))) -> None:
        ssmtp.ssmtp_set(handle, PropertyID.MessageText, text)
        method = ssmtp.ssmtp_do_signandencrypt if sign else ssmtp.ssmtp_do_encrypt
        assert method(handle) == 0, ssmtp.ssmtp_get_last_error(handle)

    run("x")  # everything is loaded
    return run


def report(title: str, extra: float, goal: float) -> None:
    print(f"{title}: {extra:.0f} MB (goal {goal:.0f} MB: {'met' if extra <= goal else 'MISSED'})")


def main(directory: Path) -> None:
    recipient, source, target = directory / "recipient.pem", directory / "source", directory / "target"
    pem = throwaway()[1]
    recipient.write_bytes(pem[pem.index(b"-----BEGIN CERTIFICATE") :])
    source.write_bytes(os.urandom(SIZE))
    for cipher, option in CIPHERS.items():
        compare(
            f"100 MB by {cipher} from file to file, against openssl cms -encrypt -stream",
            lambda cipher=cipher: encrypt_file(recipient, source, target, cipher),
            lambda option=option: encrypt_with_openssl(recipient, source, target, option),
            goal=2.5,
        )
        report(f"100 MB by {cipher}, file to file", extra_memory(from_file, recipient, source, target, cipher), 40)
        for way, sign in (("encrypted", b""), ("signed and encrypted", pem)):
            extra = extra_memory(from_text, recipient, cipher, sign)
            # The text was there before the measurement, and counts.
            report(f"100 MB {way} by {cipher}, MessageText, the text included", extra + SIZE / 1e6, 4 * SIZE / 1e6)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        main(Path(scratch))
