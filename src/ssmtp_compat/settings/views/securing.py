"""Whose key signs, for whom the message is encrypted, and with what."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Final

from ...catalog.config import SETTINGS
from ...catalog.enums import CertStoreTypes, PropertyID
from ...catalog.errors import ErrorCode
from ...catalog.properties import PROPERTIES
from ...errors import CertificateError, UnsupportedError
from ..store import Settings
from .refusal import refuse, refuse_unsupported

if TYPE_CHECKING:
    from ...pki.certificates import Certificate, KeyPair
    from ...pki.stores.opening import StoreSource
    from ...smime.enveloping import RecipientsSpec
    from ...smime.signing import SignerSpec

P = PropertyID

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
    CertStoreTypes.cstAuto: ("AUTO", False),
}


def signer_store(settings: Settings) -> StoreSource:
    """The certificate store that the CertStore properties name."""
    from ...pki.stores.opening import StoreFormat, StoreSource

    kind = CertStoreTypes(settings.number(P.CertStoreType))
    if kind not in _STORE_FORMATS:
        if kind in (CertStoreTypes.cstUser, CertStoreTypes.cstMachine):
            raise UnsupportedError(
                ErrorCode.NOT_SUPPORTED,
                f"CertStoreType {int(kind)} is a certificate store of Windows, which is not read, on Windows neither; "
                "set CertStoreType and CertStore to a PFX or PEM file first.",
            )
        refuse(PROPERTIES[P.CertStoreType], f"CertStoreType is {int(kind)}.")
    name, is_file = _STORE_FORMATS[kind]
    content = settings.binary(P.CertStore)
    if is_file and (found := _NO_PATH.search(content)):
        # Perhaps a private key, which must not end in an error text as the name of a file that is missing.
        raise CertificateError(
            ErrorCode.CANNOT_OPEN_STORE,
            f"CertStoreType {int(kind)} takes a path, and CertStore has the octet 0x{found.group()[0]:02X}, which no "
            f"path has; CertStoreType {int(kind) + 1} takes the content of a store.",
        )
    return StoreSource(
        format=StoreFormat[name],
        path=content.decode("utf-8", "surrogateescape") if is_file else None,
        content=None if is_file else content,
        password=settings.text(P.CertStorePassword),
        what="CertStore",
    )


def signer_spec(settings: Settings, key_pair: KeyPair, now: datetime) -> SignerSpec:
    """Who signs and how."""
    from ...smime.digests import digest_named
    from ...smime.signing import SignerSpec

    refuse_unsupported(settings, (SETTINGS["detachedsignature"],))
    return SignerSpec(
        key_pair=key_pair,
        digest=digest_named(settings.text(P.SigningAlgorithm)),
        signing_time=now,
        include_certificate=settings.flag(P.IncludeCertificate),
        include_chain=settings.flag(P.IncludeChain),
        check_dates=settings.setting_flag("CheckCertificateDates"),
    )


def recipients_spec(settings: Settings, certificates: tuple[Certificate, ...], now: datetime) -> RecipientsSpec:
    """For whom to encrypt and with what."""
    from ...smime.ciphers import cipher_named
    from ...smime.enveloping import RecipientsSpec

    return RecipientsSpec(
        certificates=certificates,
        cipher=cipher_named(settings.text(P.EncryptingAlgorithm)),
        now=now,
        check_dates=settings.setting_flag("CheckCertificateDates"),
    )
