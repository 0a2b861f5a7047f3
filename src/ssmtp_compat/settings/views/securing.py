"""Whose key signs or answers for the client in TLS, for whom the message is encrypted, and with what."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from ...catalog.enums import CertStoreTypes, PropertyID
from ...catalog.errors import ErrorCode
from ...errors import CertificateError, UnsupportedError
from ..store import Settings

if TYPE_CHECKING:
    from ...pki.certificates import Certificate, KeyPair
    from ...pki.stores.opening import StoreSource
    from ...smime.enveloping import RecipientsSpec
    from ...smime.signing import SignerSpec
    from ...smime.suitability import CertificateRules

P = PropertyID


@dataclass(frozen=True, slots=True)
class StoreProperties:
    """The five properties that choose one certificate with its key."""

    store: PropertyID
    kind: PropertyID
    password: PropertyID
    subject: PropertyID
    encoded: PropertyID


SIGNER: Final = StoreProperties(P.CertStore, P.CertStoreType, P.CertStorePassword, P.CertSubject, P.CertEncoded)
TLS_CLIENT: Final = StoreProperties(
    P.SSLCertStore, P.SSLCertStoreType, P.SSLCertStorePassword, P.SSLCertSubject, P.SSLCertEncoded
)

_NO_PATH: Final = re.compile(rb"[\x00-\x1f]")

_STORE_FORMATS: Final = {
    CertStoreTypes.cstPFXFile: ("PFX", True),
    CertStoreTypes.cstPFXBlob: ("PFX", False),
    CertStoreTypes.cstJKSFile: ("JKS", True),
    CertStoreTypes.cstJKSBlob: ("JKS", False),
    CertStoreTypes.cstPEMKeyFile: ("PEM", True),
    CertStoreTypes.cstPEMKeyBlob: ("PEM", False),
    CertStoreTypes.cstPublicKeyFile: ("PUBLIC", True),
    CertStoreTypes.cstPublicKeyBlob: ("PUBLIC", False),
    CertStoreTypes.cstP7BFile: ("P7B", True),
    CertStoreTypes.cstP7BBlob: ("P7B", False),
    CertStoreTypes.cstSSHPublicKeyBlob: ("SSH_PUBLIC", False),
    CertStoreTypes.cstSSHPublicKeyFile: ("SSH_PUBLIC", True),
    CertStoreTypes.cstPPKFile: ("PPK", True),
    CertStoreTypes.cstPPKBlob: ("PPK", False),
    CertStoreTypes.cstXMLFile: ("XML", True),
    CertStoreTypes.cstXMLBlob: ("XML", False),
    CertStoreTypes.cstJWKFile: ("JWK", True),
    CertStoreTypes.cstJWKBlob: ("JWK", False),
    CertStoreTypes.cstSecurityKey: ("PKCS11", False),
    CertStoreTypes.cstAuto: ("AUTO", False),
}


def certificate_store(settings: Settings, properties: StoreProperties) -> StoreSource:
    """The certificate store that ``properties`` name."""
    from ...pki.stores.opening import StoreFormat, StoreSource

    kind = CertStoreTypes(settings.number(properties.kind))
    if kind in (CertStoreTypes.cstUser, CertStoreTypes.cstMachine):
        raise UnsupportedError(
            ErrorCode.NOT_SUPPORTED,
            f"{properties.kind.name} {int(kind)} is a certificate store of Windows, which is not read, on Windows "
            f"neither; set {properties.kind.name} and {properties.store.name} to a PFX or PEM file first.",
        )
    name, is_file = _STORE_FORMATS[kind]
    content = settings.binary(properties.store)
    if is_file and (found := _NO_PATH.search(content)):
        # Perhaps a private key, which must not end in an error text as the name of a file that is missing.
        raise CertificateError(
            ErrorCode.CANNOT_OPEN_STORE,
            f"{properties.kind.name} {int(kind)} takes a path, and {properties.store.name} has the octet "
            f"0x{found.group()[0]:02X}, which no path has; {properties.kind.name} {int(_blob_type(kind))} takes the "
            "content of a store.",
        )
    return StoreSource(
        format=StoreFormat[name],
        path=content.decode("utf-8", "surrogateescape") if is_file else None,
        content=None if is_file else content,
        password=settings.text(properties.password),
        what=properties.store.name,
    )


def issuer_store(settings: Settings) -> StoreSource | None:
    """Where the issuers are that CertStore lacks; None where they are not wanted or no file is named."""
    path = settings.setting_text("IssuerCertificatesFile")
    if not (path and settings.flag(P.IncludeCertificate) and settings.flag(P.IncludeChain)):
        return None
    from ...pki.stores.opening import StoreFormat, StoreSource

    return StoreSource(format=StoreFormat.ANY, path=path, content=None, password="", what="IssuerCertificatesFile")


def _blob_type(file_type: CertStoreTypes) -> CertStoreTypes:
    """The type that takes the content of what ``file_type`` takes the path of."""
    return CertStoreTypes[file_type.name.removesuffix("File") + "Blob"]


def signer_spec(settings: Settings, key_pair: KeyPair, now: datetime) -> SignerSpec:
    """Who signs and how."""
    from ...smime.digests import digest_named
    from ...smime.signing import SignerSpec

    return SignerSpec(
        key_pair=key_pair,
        digest=digest_named(settings.text(P.SigningAlgorithm)),
        signing_time=now,
        include_certificate=settings.flag(P.IncludeCertificate),
        include_chain=settings.flag(P.IncludeChain),
        rules=_certificate_rules(settings),
        use_pss=settings.setting_flag("UsePSS"),
        detached=settings.setting_flag("DetachedSignature"),
    )


def recipients_spec(settings: Settings, certificates: tuple[Certificate, ...], now: datetime) -> RecipientsSpec:
    """For whom to encrypt and with what."""
    from ...smime.ciphers import cipher_named
    from ...smime.enveloping import RecipientsSpec
    from ...smime.key_transport import PKCS1, oaep_named

    use_oaep = settings.setting_flag("UseOAEP")
    return RecipientsSpec(
        certificates=certificates,
        cipher=cipher_named(settings.text(P.EncryptingAlgorithm)),
        now=now,
        rules=_certificate_rules(settings),
        transport=oaep_named(settings.setting_text("OAEPHashAlgorithm")) if use_oaep else PKCS1,
    )


def _certificate_rules(settings: Settings) -> CertificateRules:
    from ...smime.suitability import CertificateRules

    return CertificateRules(
        check_dates=settings.setting_flag("CheckCertificateDates"),
        check_purpose=settings.setting_flag("CheckCertificatePurpose"),
        minimum_rsa_bits=settings.setting_number("MinimumRSAKeyBits"),
    )
