"""Signing: a 1 KB message against the RSA-2048 operation it contains, and 100 MB against the openssl command."""

from __future__ import annotations

import datetime
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID
from side_by_side import compare, extra_memory, need

import ssmtp_compat as ssmtp
from ssmtp_compat import CertStoreTypes, PropertyID

BODY = ("x" * 70 + "\r\n") * 14
SIGNATURES = 100
SIZE = 100_000_000
HEADER = b"Content-Type: text/plain; charset=us-ascii\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"


def throwaway() -> tuple[rsa.RSAPrivateKey, bytes]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Benchmark")])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
    certificate = builder.sign(key, hashes.SHA256())
    encoding = serialization.Encoding.PEM
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return key, private + certificate.public_bytes(encoding)


def signing_handle(pem: bytes) -> int:
    handle = ssmtp.ssmtp_open()
    for property_id, value in {
        PropertyID.CertStoreType: CertStoreTypes.cstPEMKeyBlob,
        PropertyID.CertStore: pem,
        PropertyID.CertSubject: "*",
    }.items():
        assert ssmtp.ssmtp_set(handle, property_id, value) == 0, ssmtp.ssmtp_get_last_error(handle)
    return handle


class FileContent:
    """An entity in a file, as :class:`ssmtp_compat.smime.sources.Source`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __len__(self) -> int:
        return self._path.stat().st_size

    def chunks(self) -> Iterator[bytes]:
        with self._path.open("rb") as file:
            while piece := file.read(1 << 18):
                yield piece


def sign_file(pem: bytes, source: Path, target: Path, *, detached: bool) -> None:
    """Sign the entity in ``source`` into ``target`` the way a queue does, never holding it."""
    from ssmtp_compat.pki.stores.opening import StoreFormat, StoreSource, open_store
    from ssmtp_compat.smime.digests import digest_named
    from ssmtp_compat.smime.secure import sign_entity
    from ssmtp_compat.smime.signing import SignerSpec

    (entry,) = open_store(StoreSource(StoreFormat.PEM, None, pem, "", "CertStore")).entries
    now = datetime.datetime.now(datetime.UTC)
    spec = SignerSpec(entry.key_pair(), digest_named("SHA256"), now, detached=detached)
    with target.open("wb") as file:
        file.writelines(sign_entity(FileContent(source), spec).octets.chunks())


def openssl(pem_file: Path, source: Path, target: Path, *options: str) -> None:
    signer = ["-signer", str(pem_file), "-in", str(source), "-out", str(target)]
    subprocess.run([need("openssl"), "cms", "-sign", "-stream", *signer, *options], check=True)


def from_file(pem: bytes, source: Path, target: Path, detached: bool) -> Callable[[], object]:
    small = target.with_suffix(".small")
    small.write_bytes(HEADER + b"x\r\n")
    sign_file(pem, small, target, detached=detached)  # everything is loaded
    return lambda: sign_file(pem, source, target, detached=detached)


def from_text(pem: bytes, detached: bool) -> Callable[[], object]:
    handle = signing_handle(pem)
    ssmtp.ssmtp_do_config(handle, f"DetachedSignature={detached}")
    ssmtp.ssmtp_set(handle, PropertyID.MessageText, "x")
    assert ssmtp.ssmtp_do_sign(handle) == 0, ssmtp.ssmtp_get_last_error(handle)

    def run() -> None:
        ssmtp.ssmtp_set(handle, PropertyID.OtherHeaders, "")
        ssmtp.ssmtp_set(handle, PropertyID.MessageText, ("x" * 70 + "\r\n") * (SIZE // 72))
        assert ssmtp.ssmtp_do_sign(handle) == 0, ssmtp.ssmtp_get_last_error(handle)

    return run


def small_messages() -> None:
    rsa_key, pem = throwaway()
    handle = signing_handle(pem)

    def ours() -> None:
        for _ in range(SIGNATURES):
            ssmtp.ssmtp_set(handle, PropertyID.OtherHeaders, "")
            ssmtp.ssmtp_set(handle, PropertyID.MessageText, BODY)
            assert ssmtp.ssmtp_do_sign(handle) == 0, ssmtp.ssmtp_get_last_error(handle)

    def bare() -> None:
        for _ in range(SIGNATURES):
            rsa_key.sign(b"x" * 200, padding.PKCS1v15(), hashes.SHA256())

    compare("100 signed messages of 1 KB, against 100 bare RSA-2048 signatures", ours, bare, goal=1.4)
    ssmtp.ssmtp_close(handle)


def big_message(directory: Path) -> None:
    _, pem = throwaway()
    pem_file, source, target = directory / "signer.pem", directory / "source", directory / "target"
    pem_file.write_bytes(pem)
    source.write_bytes(HEADER + BODY.encode() * (SIZE // len(BODY)))
    for detached, name, options in (
        (True, "multipart/signed", ()),
        (False, "opaque", ("-nodetach",)),
    ):
        compare(
            f"100 MB from file to file as {name}, against openssl cms -sign -stream",
            lambda detached=detached: sign_file(pem, source, target, detached=detached),
            lambda options=options: openssl(pem_file, source, target, *options),
            goal=2.0,
            rounds=3,
        )
        for title, extra, goal in (
            ("file to file", extra_memory(from_file, pem, source, target, detached), 40.0),
            ("MessageText, the text included", extra_memory(from_text, pem, detached), 4 * SIZE / 1e6),
        ):
            verdict = "met" if extra <= goal else "MISSED"
            print(f"100 MB as {name}, {title}: {extra:.0f} MB (goal {goal:.0f} MB: {verdict})")


if __name__ == "__main__":
    small_messages()
    with tempfile.TemporaryDirectory() as scratch:
        big_message(Path(scratch))
