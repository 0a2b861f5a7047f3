"""Signing a 1 KB message, the store being warm, against the bare RSA-2048 operation it contains."""

from __future__ import annotations

import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID
from side_by_side import compare

import ssmtp_compat as ssmtp
from ssmtp_compat import CertStoreTypes, PropertyID

BODY = ("x" * 70 + "\r\n") * 14
SIGNATURES = 100


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


if __name__ == "__main__":
    rsa_key, pem = throwaway()
    handle = ssmtp.ssmtp_open()
    for property_id, value in {
        PropertyID.CertStoreType: CertStoreTypes.cstPEMKeyBlob,
        PropertyID.CertStore: pem,
        PropertyID.CertSubject: "*",
    }.items():
        assert ssmtp.ssmtp_set(handle, property_id, value) == 0, ssmtp.ssmtp_get_last_error(handle)

    def ours() -> None:
        for _ in range(SIGNATURES):
            ssmtp.ssmtp_set(handle, PropertyID.OtherHeaders, "")
            ssmtp.ssmtp_set(handle, PropertyID.MessageText, BODY)
            assert ssmtp.ssmtp_do_sign(handle) == 0, ssmtp.ssmtp_get_last_error(handle)

    def bare() -> None:
        for _ in range(SIGNATURES):
            rsa_key.sign(b"x" * 200, padding.PKCS1v15(), hashes.SHA256())

    compare("100 signed messages of 1 KB, against 100 bare RSA-2048 signatures", ours, bare, goal=2.0)
    ssmtp.ssmtp_close(handle)
