"""The certificates of a client: to sign with, to encrypt for, and to show a TLS server."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from ..catalog.errors import ErrorCode
from ..errors import CertificateError, TLSError
from ..settings import views
from ..settings.store import Settings

if TYPE_CHECKING:
    from ..operations.securing import CertificateSelection, RecipientCertificates
    from ..pki.certificates import KeyPair
    from ..smime.enveloping import RecipientsSpec
    from ..smime.signing import SignerSpec

__all__ = ["Certificates"]


class Certificates:
    """What the properties of certificates and AddRecipientCert have selected.

    The modules that read certificates are imported at the first use: they load the cryptographic libraries, which a
    client without certificates does not need.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._selected: dict[views.StoreProperties, CertificateSelection] = {}

    def selection(self, chosen_by: views.StoreProperties) -> CertificateSelection:
        """The certificate that ``chosen_by`` select, perhaps none."""
        selection = self._selected.get(chosen_by)
        if selection is None:
            from ..operations.securing import CertificateSelection

            selection = self._selected[chosen_by] = CertificateSelection()
        return selection

    def forget(self, chosen_by: views.StoreProperties) -> None:
        """Select no certificate by ``chosen_by``."""
        self._selected.pop(chosen_by, None)

    def forget_all(self) -> None:
        """Select no certificate, and encrypt for nobody."""
        self._selected.clear()
        self.__dict__.pop("recipients", None)

    @cached_property
    def recipients(self) -> RecipientCertificates:
        """Whom a message is encrypted for."""
        from ..operations.securing import RecipientCertificates

        return RecipientCertificates()

    def signer_spec(self) -> SignerSpec:
        """Who signs, and how. Raises :class:`CertificateError` where nobody is selected."""
        key_pair = self.selection(views.SIGNER).key_pair(views.issuer_store(self._settings))
        return views.signer_spec(self._settings, key_pair, datetime.now(UTC))

    def recipients_spec(self) -> RecipientsSpec:
        """Whom to encrypt for, and how. Raises :class:`CertificateError` where there is nobody."""
        return views.recipients_spec(self._settings, self.recipients.all(), datetime.now(UTC))

    def tls_key_pair(self) -> KeyPair | None:
        """What a TLS server is shown. Raises :class:`TLSError` where the selected certificate cannot be used."""
        selection = self._selected.get(views.TLS_CLIENT)
        if selection is None or not selection.made:
            return None
        try:
            return selection.key_pair()
        except CertificateError as error:
            raise TLSError(ErrorCode.NO_CREDENTIALS, f"SSLCertStore: {error.message}") from error
