"""The documented procedural interface: 26 functions on integer handles, each under two names.

``ssmtp_do_send`` and the vendor's ``ipworkssmime_ssmtp_do_send`` are the same object, and so on. Apart from Python's
own TypeError for a wrong number of arguments, and from what a callback of the caller raises, no function raises: each
returns its error code or its empty value, and :func:`ssmtp_get_last_error` tells why.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, overload

from . import handles
from .catalog.enums import EventID
from .catalog.errors import ErrorCode
from .catalog.lookup import event_by_id, property_by_id
from .catalog.schema import PropertyDef, ValueType
from .catalog.values import shown, to_int, to_text
from .errors import InvalidValueError

if TYPE_CHECKING:
    from .client import SSMTPClient
    from .events import Callback

__all__ = [
    "ipworkssmime_ssmtp_close",
    "ipworkssmime_ssmtp_do_addrecipientcert",
    "ipworkssmime_ssmtp_do_config",
    "ipworkssmime_ssmtp_do_connect",
    "ipworkssmime_ssmtp_do_disconnect",
    "ipworkssmime_ssmtp_do_doevents",
    "ipworkssmime_ssmtp_do_encrypt",
    "ipworkssmime_ssmtp_do_expand",
    "ipworkssmime_ssmtp_do_interrupt",
    "ipworkssmime_ssmtp_do_processqueue",
    "ipworkssmime_ssmtp_do_queue",
    "ipworkssmime_ssmtp_do_reset",
    "ipworkssmime_ssmtp_do_resetheaders",
    "ipworkssmime_ssmtp_do_send",
    "ipworkssmime_ssmtp_do_sendtoterminalandemail",
    "ipworkssmime_ssmtp_do_sendtoterminalonly",
    "ipworkssmime_ssmtp_do_sendtoterminaloremail",
    "ipworkssmime_ssmtp_do_sign",
    "ipworkssmime_ssmtp_do_signandencrypt",
    "ipworkssmime_ssmtp_do_verify",
    "ipworkssmime_ssmtp_get",
    "ipworkssmime_ssmtp_get_last_error",
    "ipworkssmime_ssmtp_get_last_error_code",
    "ipworkssmime_ssmtp_open",
    "ipworkssmime_ssmtp_register_callback",
    "ipworkssmime_ssmtp_set",
    "ssmtp_close",
    "ssmtp_do_addrecipientcert",
    "ssmtp_do_config",
    "ssmtp_do_connect",
    "ssmtp_do_disconnect",
    "ssmtp_do_doevents",
    "ssmtp_do_encrypt",
    "ssmtp_do_expand",
    "ssmtp_do_interrupt",
    "ssmtp_do_processqueue",
    "ssmtp_do_queue",
    "ssmtp_do_reset",
    "ssmtp_do_resetheaders",
    "ssmtp_do_send",
    "ssmtp_do_sendtoterminalandemail",
    "ssmtp_do_sendtoterminalonly",
    "ssmtp_do_sendtoterminaloremail",
    "ssmtp_do_sign",
    "ssmtp_do_signandencrypt",
    "ssmtp_do_verify",
    "ssmtp_get",
    "ssmtp_get_last_error",
    "ssmtp_get_last_error_code",
    "ssmtp_open",
    "ssmtp_register_callback",
    "ssmtp_set",
]

_EMPTY: Final[dict[ValueType, Any]] = {
    ValueType.TEXT: "",
    ValueType.INT: 0,
    ValueType.BOOL: False,
    ValueType.BINARY: b"",
}


class _NotGiven:
    """Stands for an argument that was left out, where None means the empty value."""


_NOT_GIVEN: Final = _NotGiven()


def _code(code: int) -> int:
    return code


def _run(res: int, action: Callable[[SSMTPClient], None]) -> int:
    """Run a method that returns 0 or its error code."""

    def run(client: SSMTPClient) -> int:
        action(client)
        return 0

    return handles.invoke(res, run, _code)


# -- handles ----------------------------------------------------------------------------------------------------------


def ssmtp_open(key: str | None = None) -> int:
    """Make a new client and return its handle, a positive number. ``key`` is accepted and ignored."""
    return handles.open_handle()


def ssmtp_close(res: int) -> int:
    """Drop the client: its connection is cut without QUIT, no event fires, the handle is unknown from then on.

    Returns 0, or 20001 for a handle that is not open.
    """
    return handles.close(res)


def ssmtp_register_callback(res: int, id: int, function: Callback | None) -> int:
    """Bind ``function`` to the event ``id`` (1 to 9, :class:`EventID`); None removes the binding.

    The callback gets one dict with the event's parameters under lower-case keys. It may change the dict in place or
    return one; only ``accept`` of SSLServerAuthentication has an effect. What it raises abandons the method that runs,
    closes the connection, and is raised by that method. Returns 0, or 20007 for an unknown id, 20005 for something that
    cannot be called.
    """

    def register(client: SSMTPClient) -> None:
        row = event_by_id(id)
        if row is None:
            raise InvalidValueError(ErrorCode.UNKNOWN_EVENT, f"Events have the ids 1 to 9, not {shown(id)}.")
        if function is not None and not callable(function):
            raise InvalidValueError(
                ErrorCode.INVALID_VALUE, f"A callback has to be callable or None, not {type(function).__name__}."
            )
        client.events.register(EventID(row.id), function)

    return _run(res, register)


def ssmtp_get_last_error(res: int) -> str:
    """Text of the last failure on this handle, without the code; empty after a call that succeeded."""
    return handles.last_error(res)[1]


def ssmtp_get_last_error_code(res: int) -> int:
    """Code of the last call on this handle: 0 after one that succeeded."""
    return handles.last_error(res)[0]


# -- properties -------------------------------------------------------------------------------------------------------


@overload
def ssmtp_set(res: int, id: int, value: Any, /, *, index: int = 0) -> int: ...
@overload
def ssmtp_set(res: int, id: int, /, *, value: Any, index: int = 0) -> int: ...
@overload
def ssmtp_set(res: int, id: int, index: Any, /, *, value: Any) -> int: ...
@overload
def ssmtp_set(res: int, id: int, index: Any, value: Any, /) -> int: ...
def ssmtp_set(res: int, id: int, /, *arguments: Any, index: Any = _NOT_GIVEN, value: Any = _NOT_GIVEN) -> int:
    """Write the property ``id`` (:class:`PropertyID`): ``ssmtp_set(res, id, value)``.

    An array property takes its index, counted from 0, in front of the value: ``ssmtp_set(res, id, index, value)``. For
    the text-valued recipient properties the reverse order is recognised, because the vendor's property pages print it;
    ``index=`` and ``value=`` work everywhere. Values are forgiving as in PHP. Returns 0 or an error code, in which case
    the old value stays.
    """
    if len(arguments) == 2 and index is _NOT_GIVEN and value is _NOT_GIVEN:
        index, value = arguments
        row = property_by_id(id)
        if row is not None and _value_first(row, index, value):
            index, value = value, index
    elif len(arguments) == 1 and value is _NOT_GIVEN:
        (value,) = arguments
    elif len(arguments) == 1 and index is _NOT_GIVEN:
        (index,) = arguments
    elif arguments or value is _NOT_GIVEN:
        raise TypeError("ssmtp_set takes (res, id, value) or (res, id, index, value)")
    return _run(res, lambda client: client.set(id, value, _index(index)))


def _value_first(row: PropertyDef, index: object, value: object) -> bool:
    # A text where the index stands and a number where the text stands can only be the order of the property pages.
    is_text = isinstance(index, str | bytes)
    return row.indexed_by is not None and row.value_type is ValueType.TEXT and is_text and isinstance(value, int)


def _index(index: object) -> int | None:
    if index is None or isinstance(index, _NotGiven):
        return None
    try:
        return to_int(index)
    except ValueError as error:
        raise InvalidValueError(ErrorCode.INVALID_INDEX, f"An index is a number: {error}") from None


def ssmtp_get(res: int, id: int, index: int = 0) -> Any:
    """Read the property ``id`` (:class:`PropertyID`), of an array the entry ``index``, counted from 0.

    Returns text, int, bool or bytes as the property's type says; on failure the empty value of that type, with the last
    error set.
    """
    row = property_by_id(id)
    empty = _EMPTY[row.value_type] if row is not None else ""
    return handles.invoke(res, lambda client: client.get(id, _index(index)), lambda _: empty)


# -- methods ----------------------------------------------------------------------------------------------------------


def ssmtp_do_addrecipientcert(res: int, certencoded: str | bytes) -> int:
    """Add a certificate, as PEM, bare base64 or DER, to those that Encrypt and SignAndEncrypt encrypt for.

    They stay until Reset. Returns 0, or 10280 for what is no certificate.
    """

    def add(client: SSMTPClient) -> None:
        if not isinstance(certencoded, str | bytes | bytearray | memoryview):
            raise InvalidValueError(
                ErrorCode.CERTIFICATE_DECODING, f"A certificate is text or bytes, not {type(certencoded).__name__}."
            )
        client.add_recipient_cert(certencoded if isinstance(certencoded, str) else bytes(certencoded))

    return _run(res, add)


def ssmtp_do_config(res: int, configurationstring: str) -> str:
    """Read (``"Name"``) or write (``"Name=Value"``) a configuration setting; names ignore case.

    Returns the value as text, booleans as True and False. Writing and failing return the empty text; which of them it
    was, :func:`ssmtp_get_last_error_code` tells.
    """
    return handles.invoke(res, lambda client: client.config(_argument("Config", configurationstring)), lambda _: "")


def ssmtp_do_connect(res: int) -> int:
    """Open a session with MailServer: connect, start TLS as SSLStartMode says, greet, log in if User is set.

    The session stays open until Disconnect. Returns 0, or 104 when one is open, 163 without MailServer, 161 with the
    server's refusal, 301 after Timeout seconds, 27x and 280 for TLS, 10004 to 11004 for the network.
    """
    return _run(res, lambda client: client.connect())


def ssmtp_do_disconnect(res: int) -> int:
    """End the session with QUIT and close the connection; without a session nothing happens. Returns 0."""
    return _run(res, lambda client: client.disconnect())


def ssmtp_do_doevents(res: int) -> int:
    """Take what the server of an open session says unasked, waiting SelectWaitMillis milliseconds at most.

    A server that says goodbye (421) or hangs up fires ConnectionStatus and leaves Connected False. While a method runs,
    in a callback or another thread, nothing is left to be done. Returns 0, or 162 for a reply that nothing asked for,
    which ends the session, and 301 after Interrupt, which does not.
    """
    return _run(res, lambda client: client.do_events())


def ssmtp_do_encrypt(res: int) -> int:
    """Encrypt MessageText for the added certificates with EncryptingAlgorithm, as S/MIME enveloped-data (RFC 8551).

    The result takes the place of MessageText, its header lines that of the Content-* lines in OtherHeaders. Returns 0,
    or 10202 without a certificate or with one out of date, 10201 with one for another purpose, 10223 with too weak a
    key, 20008 with another kind of key, 10194 for an algorithm, 20005 for content that cannot be taken or while Message
    is set; then nothing has changed, and the message is not sent in the clear either.
    """
    return _run(res, lambda client: client.encrypt())


def ssmtp_do_expand(res: int, emailaddress: str) -> int:
    """Ask the server for the members of a mailing list (EXPN), over the open session or one of its own.

    Each member fires Expand. Returns 0, or 161 with the server's refusal, which most servers give, 20005 for an empty
    text or one with control characters, and what :func:`ssmtp_do_connect` returns.
    """
    return _run(res, lambda client: client.expand(_argument("emailaddress", emailaddress)))


def ssmtp_do_interrupt(res: int) -> int:
    """Make the method that runs on this handle fail with 301. From a callback or another thread. Returns 0."""
    return handles.interrupt(res)


def ssmtp_do_processqueue(res: int, queuedir: str) -> int:
    """Send the messages queued in a directory, over the open session or over one that is opened and closed for it.

    Oldest first. What the server refuses for good ends in .failed with the reason beside it, what it cannot take now
    waits for the next time, and the rest is sent. Returns 0 when everything was sent, or the code of the first failure:
    161 with the server's refusal, 302 for a directory or a file that cannot be used, and what
    :func:`ssmtp_do_connect` returns.
    """
    return _run(res, lambda client: client.process_queue(_directory(queuedir)))


def ssmtp_do_queue(res: int, queuedir: str) -> str:
    """Put the message into a directory, which has to exist, for :func:`ssmtp_do_processqueue`.

    Returns the name of the new file, or the empty text on failure, with the code as the last error: 302 for a directory
    that cannot be used, and what :func:`ssmtp_do_send` returns for a message that cannot be sent.
    """
    return handles.invoke(res, lambda client: client.queue(_directory(queuedir)), lambda _: "")


def ssmtp_do_reset(res: int) -> int:
    """Drop the connection, forget certificates, and put every property and setting back to its default. Returns 0.

    Callbacks and the runtime licence stay.
    """
    return _run(res, lambda client: client.reset())


def ssmtp_do_resetheaders(res: int) -> int:
    """Empty the message's header properties and recipients; text, server and certificates stay. Returns 0."""
    return _run(res, lambda client: client.reset_headers())


def ssmtp_do_send(res: int) -> int:
    """Deliver the message, over the open session or over one that is opened and closed for it.

    Returns 0, or 165 without a sender, 167 without a recipient, 161 with the server's refusal, 20013 for a message over
    the server's limit, what :func:`ssmtp_do_connect` returns, and what Encrypt returned if it failed for this message.
    """
    return _run(res, lambda client: client.send())


def ssmtp_do_sendtoterminalandemail(res: int) -> int:
    """Send with SAML in place of MAIL (RFC 821 3.4): to the recipients' terminals and to their mailboxes.

    Returns what :func:`ssmtp_do_send` returns: 161 from nearly every server of today; 20005 while AllowExtensions is
    False.
    """
    return _run(res, lambda client: client.send_to_terminal_and_email())


def ssmtp_do_sendtoterminalonly(res: int) -> int:
    """Send with SEND in place of MAIL (RFC 821 3.4): to the recipients' terminals only.

    Returns what :func:`ssmtp_do_sendtoterminalandemail` returns.
    """
    return _run(res, lambda client: client.send_to_terminal_only())


def ssmtp_do_sendtoterminaloremail(res: int) -> int:
    """Send with SOML in place of MAIL (RFC 821 3.4): to the recipients' terminals, or else to their mailboxes.

    Returns what :func:`ssmtp_do_sendtoterminalandemail` returns.
    """
    return _run(res, lambda client: client.send_to_terminal_or_email())


def ssmtp_do_sign(res: int) -> int:
    """Sign MessageText with the selected certificate and SigningAlgorithm (RFC 8551 3.5).

    The result is multipart/signed, or has the content inside where the setting DetachedSignature is False. It takes the
    place of MessageText, its header lines that of the Content-* lines in OtherHeaders. Returns 0, or 10199 without a
    certificate that has its private key or with one out of date, 10201 with one for another purpose, 10223 with too
    short a key, 10194 or 20008 for an algorithm, 271 for an IssuerCertificatesFile that cannot be read, 20005 for
    content that cannot be taken or while Message is set; then nothing has changed.
    """
    return _run(res, lambda client: client.sign())


def ssmtp_do_signandencrypt(res: int) -> int:
    """Sign, then encrypt what was signed. Returns what Sign and Encrypt return; on failure nothing has changed."""
    return _run(res, lambda client: client.sign_and_encrypt())


def ssmtp_do_verify(res: int, emailaddress: str) -> int:
    """Ask the server whether it knows an address (VRFY), over the open session or one of its own.

    The answer is in LastReply: 250 for a mailbox it knows, 251 for one it forwards, 252 where it does not say. Returns
    0 for these, or 161 with the server's refusal, 20005 for an empty text or one with control characters, and what
    :func:`ssmtp_do_connect` returns.
    """
    return _run(res, lambda client: client.verify(_argument("emailaddress", emailaddress)))


def _argument(name: str, value: object) -> str:
    try:
        return to_text(value)
    except ValueError as error:
        raise InvalidValueError(ErrorCode.INVALID_VALUE, f"{name}: {error}") from None


def _directory(queuedir: object) -> str:
    # Python has lone surrogates in the name of a directory that is not UTF-8 (os.fsdecode); no other text may have one.
    return queuedir if isinstance(queuedir, str) else _argument("queuedir", queuedir)


# -- the vendor's names -----------------------------------------------------------------------------------------------

ipworkssmime_ssmtp_open = ssmtp_open
ipworkssmime_ssmtp_close = ssmtp_close
ipworkssmime_ssmtp_register_callback = ssmtp_register_callback
ipworkssmime_ssmtp_get_last_error = ssmtp_get_last_error
ipworkssmime_ssmtp_get_last_error_code = ssmtp_get_last_error_code
ipworkssmime_ssmtp_set = ssmtp_set
ipworkssmime_ssmtp_get = ssmtp_get
ipworkssmime_ssmtp_do_addrecipientcert = ssmtp_do_addrecipientcert
ipworkssmime_ssmtp_do_config = ssmtp_do_config
ipworkssmime_ssmtp_do_connect = ssmtp_do_connect
ipworkssmime_ssmtp_do_disconnect = ssmtp_do_disconnect
ipworkssmime_ssmtp_do_doevents = ssmtp_do_doevents
ipworkssmime_ssmtp_do_encrypt = ssmtp_do_encrypt
ipworkssmime_ssmtp_do_expand = ssmtp_do_expand
ipworkssmime_ssmtp_do_interrupt = ssmtp_do_interrupt
ipworkssmime_ssmtp_do_processqueue = ssmtp_do_processqueue
ipworkssmime_ssmtp_do_queue = ssmtp_do_queue
ipworkssmime_ssmtp_do_reset = ssmtp_do_reset
ipworkssmime_ssmtp_do_resetheaders = ssmtp_do_resetheaders
ipworkssmime_ssmtp_do_send = ssmtp_do_send
ipworkssmime_ssmtp_do_sendtoterminalandemail = ssmtp_do_sendtoterminalandemail
ipworkssmime_ssmtp_do_sendtoterminalonly = ssmtp_do_sendtoterminalonly
ipworkssmime_ssmtp_do_sendtoterminaloremail = ssmtp_do_sendtoterminaloremail
ipworkssmime_ssmtp_do_sign = ssmtp_do_sign
ipworkssmime_ssmtp_do_signandencrypt = ssmtp_do_signandencrypt
ipworkssmime_ssmtp_do_verify = ssmtp_do_verify
