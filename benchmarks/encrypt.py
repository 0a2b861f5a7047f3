"""Encrypting 100 MB to base64, file to file, against ``openssl cms -encrypt -stream``, and the memory that it takes.

Then the same through MessageText. Memory is what a process of its own takes above what it had before.
"""

from __future__ import annotations

import datetime
import multiprocessing
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path

from memory import forget_peak, megabytes
from side_by_side import compare, need
from sign import throwaway

import ssmtp_compat as ssmtp
from ssmtp_compat import PropertyID
from ssmtp_compat.message.transfer_encoding import fold_base64
from ssmtp_compat.pki.certificates import decode_certificate
from ssmtp_compat.smime.ciphers import cipher_named
from ssmtp_compat.smime.enveloping import RecipientsSpec, encrypt

SIZE = 100_000_000
CHUNK = 1 << 18
LINE = "x" * 70 + "\r\n"
MEBIBYTE = 1 << 20
CIPHERS = {"AESCBC256": "-aes256", "AESGCM256": "-aes-256-gcm"}


def pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from iter(lambda: file.read(CHUNK), b"")


def encrypt_file(source: Path, target: Path, recipient: Path, cipher: str) -> None:
    certificates = (decode_certificate(recipient.read_bytes()),)
    spec = RecipientsSpec(certificates, cipher_named(cipher), datetime.datetime.now(datetime.UTC))
    with target.open("wb") as file:
        for piece in fold_base64(encrypt(pieces(source), source.stat().st_size, spec)):
            file.write(piece)


def encrypt_text(octets: int, recipient: Path, cipher: str) -> None:
    handle = ssmtp.ssmtp_open()
    ssmtp.ssmtp_set(handle, PropertyID.EncryptingAlgorithm, cipher)
    ssmtp.ssmtp_do_addrecipientcert(handle, recipient.read_bytes())
    ssmtp.ssmtp_set(handle, PropertyID.MessageText, LINE * (octets // len(LINE)))
    assert ssmtp.ssmtp_do_encrypt(handle) == 0, ssmtp.ssmtp_get_last_error(handle)
    ssmtp.ssmtp_close(handle)


def _measure(answer: Connection, run: Callable[..., None], small: object, big: object, more: tuple) -> None:
    run(small, *more)  # everything is loaded
    before = megabytes("VmRSS")
    forget_peak()
    run(big, *more)
    answer.send(megabytes("VmHWM") - before)


def memory(title: str, goal: float, run: Callable[..., None], small: object, big: object, *more: object) -> None:
    """``run`` takes ``small`` or ``big`` as its first argument, and ``more`` behind it."""
    fresh = multiprocessing.get_context("spawn")
    mine, theirs = fresh.Pipe()
    process = fresh.Process(target=_measure, args=(theirs, run, small, big, more))
    process.start()
    extra = mine.recv()
    process.join()
    print(f"{title}: {extra:.0f} MiB above baseline (goal {goal:.0f} MiB: {'met' if extra <= goal else 'MISSED'})")


if __name__ == "__main__":
    openssl = need("openssl")
    with tempfile.TemporaryDirectory() as directory:
        small, big, target, recipient = (Path(directory, name) for name in ("small", "big", "target", "recipient.pem"))
        small.write_bytes(bytes(CHUNK))
        big.write_bytes(os.urandom(SIZE))
        pem = throwaway()[1]
        recipient.write_bytes(pem[pem.index(b"-----BEGIN CERTIFICATE") :])
        for name, option in CIPHERS.items():
            command = [openssl, "cms", "-encrypt", "-stream", "-binary", option, "-in", big, "-out", target, recipient]

            def ours(cipher: str = name) -> None:
                encrypt_file(big, target, recipient, cipher)

            def theirs(arguments: list[str | Path] = command) -> None:
                subprocess.run(arguments, check=True)

            compare(f"100 MB by {name}, file to file, against openssl cms", ours, theirs, goal=2.5)
            memory(f"100 MB by {name}, file to file", 40, encrypt_file, small, big, target, recipient, name)
            goal = 4 * SIZE / MEBIBYTE
            memory(f"100 MB by {name}, through MessageText", goal, encrypt_text, CHUNK, SIZE, recipient, name)
