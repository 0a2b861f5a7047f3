"""What the readers of Debian 12 cannot read, recognized by their own words."""

from __future__ import annotations

from dataclasses import dataclass

from interop.judges.judge import Result


@dataclass(frozen=True)
class Gap:
    """``judge`` says ``said``, and ``why`` is what that means."""

    judge: str
    said: str
    why: str


_CMS_EDDSA = "OpenSSL 3.0 has no EdDSA in CMS"
_ONLY_PKCS7 = "PKCS #7 has neither authenticated encryption nor key agreement nor OAEP and PSS"
_RFC_8418 = "it does not know X25519 in CMS (RFC 8418)"

GAPS = (
    Gap("ssmtp_compat", "MD5 is broken", "it never calls a signature with MD5 verified"),
    Gap("ssmtp_compat", "only SHA-1 and SHA-2 do there", "it takes neither MD5 nor SHA-3 in OAEP"),
    Gap("openssl cms", "eddsa_digest_signverify_init:invalid digest", _CMS_EDDSA),
    Gap("openssl cms", "unknown digest algorithm", "OpenSSL 3.0 has no SHAKE256 in CMS, which Ed448 needs"),
    Gap("openssl cms", "no matching recipient", _RFC_8418),
    Gap("gpgsm", "no signature value available", "it does not know SHA-3 in signatures"),
    Gap("gpgsm", "length of PSS salt too short", "it does not take MD5 with PSS"),
    Gap("gpgsm", "PSS hash algorithm", "it does not take 224-bit digests with PSS"),
    Gap("gpgsm", "invalid signature: Bad signature", "it does not take SHA-1 with PSS"),
    Gap(
        "gpgsm", "DSA requires the hash length to be a multiple of 8 bits", "it stumbles over keys of 521 and 255 bits"
    ),
    Gap("gpgsm", "unknown hash algorithm", "it does not know SHAKE256, which Ed448 needs"),
    Gap("gpgsm", "error getting IV: Buffer too short", "version 2.2 does not know AuthEnvelopedData"),
    Gap("gpgsm", "unsupported algorithm '1.3.14.3.2.7'", "it does not take DES"),
    Gap("gpgsm", "(this is the RC2 algorithm)", "it does not take RC2"),
    Gap("gpgsm", "error getting encrypted session key", "version 2.2 does not know OAEP"),
    Gap("gpgsm", "decryption failed: No secret key", "version 2.2 cannot hold keys of elliptic curves"),
    Gap("NSS cmsutil", "SEC_ERROR_SIGNATURE_ALGORITHM_DISABLED", "its policy forbids MD5"),
    Gap("NSS cmsutil", "status = SignatureAlgorithmUnknown", "it does not know SHA-3"),
    Gap("NSS cmsutil", "status = ProcessingError", "it does not know EdDSA"),
    Gap("NSS cmsutil", "SEC_ERROR_INVALID_ARGS", "it does not take a certificate whose key is for RSASSA-PSS alone"),
    Gap("NSS cmsutil", "SEC_ERROR_UNRECOGNIZED_OID", "it does not know AuthEnvelopedData"),
    Gap("NSS cmsutil", "SEC_ERROR_BAD_DER", "it does not know key agreement"),
    Gap("NSS cmsutil", "SEC_ERROR_UNSUPPORTED_KEYALG", "it does not know OAEP in CMS"),
    Gap(
        "GnuTLS certtool",
        "Public key signature verification has failed",
        "version 3.7 takes PSS only with SHA-256",
    ),
    Gap("GnuTLS certtool", "The request is invalid", "version 3.7 does not know Ed448 in CMS"),
    Gap("PHP openssl_cms_*", "invalid digest", _CMS_EDDSA),
    Gap("PHP openssl_cms_*", "unknown digest algorithm", "OpenSSL 3.0 has no SHAKE256 in CMS, which Ed448 needs"),
    Gap("PHP openssl_cms_*", "no matching recipient", _RFC_8418),
    # Of PSS taken for PKCS #1 v1.5. Ahead of it stands which octet is wrong, and one signature in 128 begins with zero.
    Gap("PHP openssl_pkcs7_*", "padding check failed", _ONLY_PKCS7),
    Gap("PHP openssl_pkcs7_*", "operation not supported for this keytype", "PKCS #7 has no EdDSA"),
    Gap("PHP openssl_pkcs7_*", "unknown digest type", "PKCS #7 has no EdDSA"),
    Gap("PHP openssl_pkcs7_*", "wrong content type", _ONLY_PKCS7),
    Gap("PHP openssl_pkcs7_*", "asn1 parse error", _ONLY_PKCS7),
    Gap("PHP openssl_pkcs7_*", "bad decrypt", _ONLY_PKCS7),
    Gap("BouncyCastle", "MD5WITHRSAANDMGF1", "it does not take MD5 with PSS"),
    Gap("BouncyCastle", "originator key invalid", _RFC_8418),
    Gap("cryptography pkcs7", "Only AES (with key sizes 128 or 256) with CBC mode", "it takes no other cipher"),
    Gap("cryptography pkcs7", "Only certificate with RSA public keys", "it takes no other key"),
    Gap("cryptography pkcs7", "Only RSA with PKCS #1 v1.5 padding", "it takes no OAEP"),
    Gap("cryptography pkcs7", "not an EnvelopedData structure", "it does not know AuthEnvelopedData"),
)


def gap_of(judge: str, refusal: Result) -> Gap:
    """The first gap of the judge whose words are in its report; a refusal for another reason is a failure."""
    for gap in GAPS:
        if gap.judge == judge and gap.said in refusal.report:
            return gap
    raise AssertionError(f"{judge} refuses for a reason that is not known to be its own:\n{refusal.report}")
