"""Properties and settings that follow from a client's state, or that do something when they are set."""

from __future__ import annotations

import socket
from functools import partial
from typing import TYPE_CHECKING

from .._version import __version__
from ..catalog.enums import FirewallTypes, PropertyID, SSLStartModes
from ..errors import SSMTPError
from ..message.compose import header_block, header_fields, raw_message
from ..message.headers import HeaderField, read_fields
from ..settings import views
from ..settings.store import Value

if TYPE_CHECKING:
    from .client import SSMTPClient

__all__ = ["attach_client_values"]

P = PropertyID


def attach_client_values(client: SSMTPClient) -> None:
    """Make the client's settings read and act through the client."""
    values = _ClientValues(client)
    attach = client.settings.attach
    attach(P.Version, read=lambda _: f"ssmtp_compat {__version__}")
    attach(P.Command, write=lambda line, _: client.command(str(line)))
    attach(P.Connected, read=lambda _: client.connected, write=values.set_connected)
    attach(P.Idle, read=lambda _: client.idle)
    attach(P.LastReply, read=lambda _: client.link.last_reply)
    attach(P.LocalHost, read=values.local_host)
    attach(P.MessageHeaderCount, read=lambda _: len(values.header_fields()))
    attach(P.MessageHeaderField, read=lambda index: values.header_field(index).name)
    attach(P.MessageHeaderValue, read=lambda index: values.header_field(index).value)
    attach(P.MessageHeadersString, read=values.headers_string)
    attach(P.Message, write=values.set_message)
    attach(P.MessageText, write=values.set_message_text)
    attach(P.SSLServerCertEncoded, read=lambda _: client.link.server_certificate)
    attach(P.SSLEnabled, read=values.tls_enabled, write=values.set_tls_enabled)
    attach(P.FirewallType, write=values.set_firewall_type)
    for chosen_by in (views.SIGNER, views.TLS_CLIENT):
        _attach_certificate(client, chosen_by)
    attach("BuildInfo", read=lambda _: f"ssmtp_compat {__version__}, independent open-source software")
    attach("Hello", read=lambda _: client.settings.setting_text("Hello") or socket.gethostname())
    attach("LocalPort", read=lambda _: client.link.local_port or client.settings.setting_number("LocalPort"))
    attach("UsePipelining", write=values.set_use_pipelining)
    attach("TransferText", read=lambda _: client.transfer_text)


def _attach_certificate(client: SSMTPClient, chosen_by: views.StoreProperties) -> None:
    values = _CertificateValues(client, chosen_by)
    attach = client.settings.attach
    attach(chosen_by.subject, write=values.select_by_subject)
    attach(
        chosen_by.encoded,
        read=lambda _: client.certificates.selection(chosen_by).pem(),
        write=values.select_by_certificate,
    )
    for of_store in (chosen_by.store, chosen_by.kind, chosen_by.password):
        attach(of_store, write=partial(values.set_store, of_store))


class _ClientValues:
    """What is more than one expression."""

    def __init__(self, client: SSMTPClient) -> None:
        self._client = client
        self._settings = client.settings

    def set_connected(self, value: Value, _: int) -> None:
        if value and not self._client.connected:
            self._client.connect()
        elif not value:
            self._client.disconnect()

    def set_message(self, value: Value, _: int) -> None:
        with self._settings.lock:  # or another thread would send half of the change
            self._client.message.new_message()
            self._settings.put(P.Message, value)

    def set_message_text(self, value: Value, _: int) -> None:
        with self._settings.lock:
            self._client.message.new_text()
            self._settings.put(P.MessageText, value)

    def local_host(self, _: int) -> str:
        return self._client.link.local_address or self._settings.text(P.LocalHost) or socket.gethostname()

    def header_fields(self) -> tuple[HeaderField, ...]:
        raw = self._settings.binary(P.Message)
        if not raw:
            return header_fields(self._client.message.spec(), eight_bit=self._client.link.eight_bit)
        return read_fields(raw_message(raw).header.decode("utf-8"))

    def header_field(self, index: int) -> HeaderField:
        fields = self.header_fields()
        # The header may have become shorter since the index was checked, by another thread.
        return fields[index] if index < len(fields) else HeaderField("", "")

    def headers_string(self, _: int) -> str:
        raw = self._settings.binary(P.Message)
        if raw:
            return raw_message(raw).header.decode("utf-8")
        return header_block(self._client.message.spec(), eight_bit=self._client.link.eight_bit).decode("utf-8")

    def tls_enabled(self, _: int) -> bool:
        return self._settings.number(P.SSLStartMode) != SSLStartModes.sslNone

    def set_tls_enabled(self, value: Value, _: int) -> None:
        if not value:
            self._settings.put(P.SSLStartMode, int(SSLStartModes.sslNone))
        elif not self.tls_enabled(0):
            self._settings.put(P.SSLStartMode, int(SSLStartModes.sslAutomatic))

    def set_use_pipelining(self, value: Value, _: int) -> None:
        self._client.link.forget_choking()
        self._settings.put("UsePipelining", value)

    def set_firewall_type(self, value: Value, _: int) -> None:
        self._settings.put(P.FirewallType, value)
        self._settings.put(P.FirewallPort, views.USUAL_PORTS[FirewallTypes(int(value))])


class _CertificateValues:
    """What the five properties do that choose one certificate."""

    def __init__(self, client: SSMTPClient, chosen_by: views.StoreProperties) -> None:
        self._client = client
        self._settings = client.settings
        self._chosen_by = chosen_by

    def set_store(self, property_id: PropertyID, value: Value, _: int) -> None:
        # What was selected belonged to the store as it was before.
        self._settings.put(property_id, value)
        self._forget()

    def select_by_subject(self, value: Value, _: int) -> None:
        # Documented: the property is empty unless a certificate is selected.
        self._forget()
        if value:
            source = views.certificate_store(self._settings, self._chosen_by)
            subject = self._client.certificates.selection(self._chosen_by).by_subject(source, str(value))
            self._settings.put(self._chosen_by.subject, subject)

    def select_by_certificate(self, value: Value, _: int) -> None:
        encoded = value if isinstance(value, bytes) else str(value).encode("utf-8")
        if not encoded:
            self._forget()
            return
        try:
            source = views.certificate_store(self._settings, self._chosen_by)
        except SSMTPError:
            # No store that could hold the key: the certificate is held by itself, as with a store that lacks the key.
            source = None
        subject = self._client.certificates.selection(self._chosen_by).by_certificate(source, encoded)
        self._settings.put(self._chosen_by.subject, subject)

    def _forget(self) -> None:
        self._settings.put(self._chosen_by.subject, "")
        self._client.certificates.forget(self._chosen_by)
