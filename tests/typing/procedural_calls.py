"""Calls of the procedural interface as a script writes them: type-checked strictly, never run."""

from __future__ import annotations

from typing import assert_type

import ssmtp_compat as ssmtp
from ssmtp_compat import (
    AuthMechanisms,
    CertStoreTypes,
    ErrorCode,
    FirewallTypes,
    Importance,
    Priority,
    PropertyID,
    RecipientTypes,
    Sensitivity,
    SSLStartModes,
    SSMTPError,
    ipworkssmime_ssmtp_do_config,
    ipworkssmime_ssmtp_do_send,
    ipworkssmime_ssmtp_get,
    ipworkssmime_ssmtp_open,
    ipworkssmime_ssmtp_set,
    ssmtp_close,
    ssmtp_do_addrecipientcert,
    ssmtp_do_config,
    ssmtp_do_queue,
    ssmtp_do_send,
    ssmtp_do_verify,
    ssmtp_get,
    ssmtp_get_last_error,
    ssmtp_get_last_error_code,
    ssmtp_open,
    ssmtp_set,
)

handle = ssmtp_open()
assert_type(handle, int)
ssmtp_open("a licence key")
ssmtp_open(key=None)

# Properties: by name or bare number; every form of set; values as forgiving as they are at run time.
assert_type(ssmtp_set(handle, PropertyID.Subject, "Greetings"), int)
ssmtp_set(handle, 60, "Greetings")
ssmtp_set(handle, PropertyID.MailPort, 587)
ssmtp_set(handle, PropertyID.MailPort, "587")
ssmtp_set(handle, PropertyID.SSLEnabled, True)
ssmtp_set(handle, PropertyID.CertStore, b"PEM")
ssmtp_set(handle, PropertyID.MessageText, None)
ssmtp_set(handle, PropertyID.MessageRecipientAddress, 0, "bob@example.org")
ssmtp_set(handle, PropertyID.MessageRecipientAddress, "bob@example.org", 0)
ssmtp_set(handle, PropertyID.MessageRecipientAddress, "bob@example.org", index=0)
ssmtp_set(handle, PropertyID.MessageRecipientAddress, 0, value="bob@example.org")
ssmtp_set(handle, PropertyID.MessageRecipientAddress, value="bob@example.org", index=0)
ssmtp_set(handle, PropertyID.Subject, value="Greetings")

for property_id, choice in (
    (PropertyID.AuthMechanism, AuthMechanisms.amSASLPlain),
    (PropertyID.CertStoreType, CertStoreTypes.cstPFXFile),
    (PropertyID.FirewallType, FirewallTypes.fwNone),
    (PropertyID.Importance, Importance.miHigh),
    (PropertyID.Priority, Priority.epUrgent),
    (PropertyID.Sensitivity, Sensitivity.esPrivate),
    (PropertyID.SSLStartMode, SSLStartModes.sslExplicit),
    (PropertyID.MessageRecipientType, RecipientTypes.rtCc),
):
    number: int = choice
    ssmtp_set(handle, property_id, number)
    ssmtp_set(handle, property_id, choice)

subject: str = ssmtp_get(handle, PropertyID.Subject)
port: int = ssmtp_get(handle, 27)
connected: bool = ssmtp_get(handle, PropertyID.Connected, 0)
certificate: bytes = ssmtp_get(handle, PropertyID.SSLServerCertEncoded)
address: str = ssmtp_get(handle, PropertyID.MessageRecipientAddress, index=1)

# Methods and the last error.
assert_type(ssmtp_do_config(handle, "Hello=mail.example.org"), str)
assert_type(ssmtp_do_addrecipientcert(handle, b"DER"), int)
assert_type(ssmtp_do_addrecipientcert(handle, "PEM"), int)
assert_type(ssmtp_do_queue(handle, "directory"), str)
assert_type(ssmtp_do_verify(handle, emailaddress="bob@example.org"), int)
if ssmtp_do_send(handle) != 0:
    assert_type(ssmtp_get_last_error_code(handle), int)
    assert_type(ssmtp_get_last_error(handle), str)
    timed_out = ssmtp_get_last_error_code(handle) == ErrorCode.INTERRUPTED_OR_TIMEOUT
    assert_type(timed_out, bool)
assert_type(ssmtp_close(handle), int)

# The vendor's names are the same functions.
second = ipworkssmime_ssmtp_open()
ipworkssmime_ssmtp_set(second, 37, "bob@example.org", 0)
reply: str = ipworkssmime_ssmtp_get(second, 25)
assert_type(ipworkssmime_ssmtp_do_config(second, "Hello"), str)
assert_type(ipworkssmime_ssmtp_do_send(second), int)
assert_type(ssmtp.ipworkssmime_ssmtp_close(second), int)

error = SSMTPError(ErrorCode.BUSY)
assert_type(error.code, ErrorCode)
assert_type(error.message, str)
version: str = ssmtp.__version__
