"""The 26 documented functions of the procedural interface, in the order of the overview page."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from .schema import Evidence, MethodDef, Parameter

__all__ = ["METHODS"]

_OVERVIEW: Final = "SSMTP class overview, 2020 PHP edition"
_WRAPPER: Final = "PHP wrapper of a sibling product, 2020"
_SAMPLES: Final = "vendor S/MIME samples"
_QUEUE_PAGES: Final = "FileMailer Queue and SFileMailer ProcessQueue pages (siblings, 2020)"


_RES: Final = Parameter(name="res", type="int", doc="Handle that open gave.")
_QUEUE_DIR: Final = Parameter(name="queuedir", type="str", doc="An existing directory.")

_ROWS: Final = (
    MethodDef(
        name="open",
        function="open",
        parameters=(Parameter(name="key", type="str", doc="A licence key; taken and ignored.", optional=True),),
        returns="int",
        doc="Makes a new client with every property and setting at its default, and returns its handle. Handles share "
        "nothing.",
        evidence=Evidence.SIBLING,
        source=f"{_OVERVIEW}; {_WRAPPER} (the key)",
    ),
    MethodDef(
        name="close",
        function="close",
        parameters=(_RES,),
        returns="int",
        doc="Drops the client with its connection, without QUIT and without another event. From then on the handle is "
        "unknown (code 20001).",
        while_busy=True,
        evidence=Evidence.SIBLING,
        source=f"{_OVERVIEW}; {_WRAPPER}",
    ),
    MethodDef(
        name="register_callback",
        function="register_callback",
        parameters=(
            _RES,
            Parameter(name="id", type="int", doc="Number of an event, 1 to 9."),
            Parameter(
                name="function",
                type="Callable[[dict[str, Any]], Any] | None",
                doc="Called with a dict of the event's parameters; None removes the callback.",
            ),
        ),
        returns="int",
        doc="Binds a callback to an event in place of an earlier one. What the callback raises abandons the method "
        "that runs, closes the connection and goes on to the method's caller.",
        while_busy=True,
        evidence=Evidence.SIBLING,
        source=f"{_OVERVIEW}; {_WRAPPER}",
    ),
    MethodDef(
        name="get_last_error",
        function="get_last_error",
        parameters=(_RES,),
        returns="str",
        doc="Text of the last call's error, without its code; empty when that call succeeded. It works for an unknown "
        "handle too.",
        while_busy=True,
        evidence=Evidence.SIBLING,
        source=f"{_OVERVIEW}; {_WRAPPER}",
    ),
    MethodDef(
        name="get_last_error_code",
        function="get_last_error_code",
        parameters=(_RES,),
        returns="int",
        doc="Code of the last call's error, 0 when that call succeeded. It works for an unknown handle too.",
        while_busy=True,
        evidence=Evidence.SIBLING,
        source=f"{_OVERVIEW}; {_WRAPPER}",
    ),
    MethodDef(
        name="set",
        function="set",
        parameters=(
            _RES,
            Parameter(name="id", type="int", doc="Number of a property."),
            Parameter(name="index", type="int", doc="Index, from 0; left out for a scalar property.", optional=True),
            Parameter(
                name="value",
                type="str | int | bool | bytes | None",
                doc="The new value; '25', 'true' and the like are converted, None is the empty value.",
            ),
        ),
        returns="int",
        doc="Writes a property. With four arguments the index comes before the value, as on the overview page; for the "
        "texts of the recipient arrays (37, 38, 39) the other order is recognised. A value that cannot be used leaves "
        "the old one in place.",
        while_busy=True,
        evidence=Evidence.SIBLING,
        source=f"{_OVERVIEW}; SSMTP MessageText page, 2020 PHP edition",
    ),
    MethodDef(
        name="get",
        function="get",
        parameters=(
            _RES,
            Parameter(name="id", type="int", doc="Number of a property."),
            Parameter(name="index", type="int", doc="Index, from 0; left out for a scalar property.", optional=True),
        ),
        returns="str | int | bool | bytes",
        doc="Reads a property. Where that fails it returns the empty value of the property's type and leaves the "
        "reason as the last error.",
        while_busy=True,
        evidence=Evidence.SIBLING,
        source=f"{_OVERVIEW}; SSMTP MessageText page, 2020 PHP edition",
    ),
    MethodDef(
        name="AddRecipientCert",
        function="do_addrecipientcert",
        parameters=(
            _RES,
            Parameter(name="certencoded", type="bytes | str", doc="A certificate as PEM text, bare base64 or DER."),
        ),
        returns="int",
        doc="Adds a recipient to those for whom Encrypt and SignAndEncrypt encrypt. They stay until Reset.",
        evidence=Evidence.SIBLING,
        source=f"{_OVERVIEW}; {_SAMPLES}",
    ),
    MethodDef(
        name="Config",
        function="do_config",
        parameters=(
            _RES,
            Parameter(name="configurationstring", type="str", doc="'Name' to read, 'Name=value' to set."),
        ),
        returns="str",
        doc="Reads or sets a configuration setting; the case of the name does not matter, and the value begins behind "
        "the first equals sign. Reading returns the value as text, setting the empty text, and the outcome is in "
        "get_last_error_code.",
        # TransferText is read inside the Transfer event.
        while_busy=True,
        evidence=Evidence.SIBLING,
        source=f"{_OVERVIEW}; Zip Config page (sibling, 2020)",
    ),
    MethodDef(
        name="Connect",
        function="do_connect",
        parameters=(_RES,),
        returns="int",
        doc="Opens a session with MailServer and keeps it for later methods: TCP, TLS as SSLStartMode says, EHLO or "
        "HELO, and authentication where User is set (RFC 5321 3.1, RFC 3207, RFC 4954). A session that is already open "
        "is an error (code 104).",
        evidence=Evidence.INFERRED,
        source=f"{_OVERVIEW}; SMTP AllowExtensions page (sibling, 2020 PHP edition)",
    ),
    MethodDef(
        name="Disconnect",
        function="do_disconnect",
        parameters=(_RES,),
        returns="int",
        doc="Ends the session with QUIT (RFC 5321 4.1.1.10) and closes the connection. A refused or missing answer to "
        "QUIT is no error, and without a session nothing happens.",
        evidence=Evidence.INFERRED,
        source=_OVERVIEW,
    ),
    MethodDef(
        name="DoEvents",
        function="do_doevents",
        parameters=(_RES,),
        returns="int",
        doc="Takes what the server of an open session says unasked, such as a goodbye (421), and waits for it "
        "SelectWaitMillis milliseconds at most. ConnectionStatus and PITrail fire for it, and Connected becomes False "
        "when the server has closed the session. While a method runs it returns at once, because that method fires its "
        "own events.",
        while_busy=True,
        evidence=Evidence.SIBLING,
        source=f"{_OVERVIEW}; vendor samples of a sibling product",
    ),
    MethodDef(
        name="Encrypt",
        function="do_encrypt",
        parameters=(_RES,),
        returns="int",
        doc="Encrypts MessageText with its content header fields for every certificate of AddRecipientCert (CMS "
        "EnvelopedData, RFC 5652 6, or with AES-GCM AuthEnvelopedData, RFC 5083; application/pkcs7-mime, RFC 8551 "
        "3.3). The certificates may have RSA keys, keys on P-256, P-384 or P-521 (RFC 5753) and X25519 keys (RFC "
        "8418), in any mixture. The result is in MessageText, its header fields in OtherHeaders; on an error both stay "
        "as they were. Without a certificate it fails. After a failure Send fails too, until Encrypt succeeds or "
        "MessageText or Message is set.",
        evidence=Evidence.INFERRED,
        source=f"{_OVERVIEW}; {_SAMPLES}",
    ),
    MethodDef(
        name="Expand",
        function="do_expand",
        parameters=(_RES, Parameter(name="emailaddress", type="str", doc="Name of a mailing list.")),
        returns="int",
        doc="Asks the server with EXPN (RFC 5321 4.1.1.7) who is on a mailing list, and fires Expand for each address, "
        "over the open session or over one of its own. Most servers refuse.",
        evidence=Evidence.SIBLING,
        source=f"{_OVERVIEW}; SMTP Expand event page (sibling, 2020)",
    ),
    MethodDef(
        name="Interrupt",
        function="do_interrupt",
        parameters=(_RES,),
        returns="int",
        doc="Makes the method that runs on this handle fail with code 301 and closes its connection: at once where it "
        "waits, and where it signs or encrypts when that is done, with nothing changed. It is called from a callback "
        "or from another thread; while nothing runs it does nothing.",
        while_busy=True,
        evidence=Evidence.INFERRED,
        source=_OVERVIEW,
    ),
    MethodDef(
        name="ProcessQueue",
        function="do_processqueue",
        parameters=(_RES, _QUEUE_DIR),
        returns="int",
        doc="Sends the messages that Queue stored, the oldest first, in one session. A message that is refused for "
        "good is renamed to end in .failed, one refused for now waits again, and the run goes on; a failing connection "
        "or disk ends it. No message is lost; docs/queue-format.md says when one can be sent twice. It returns the "
        "code of the first failure, or of what ended it.",
        evidence=Evidence.OURS,
        source=f"{_QUEUE_PAGES}; that the run goes on is ours",
    ),
    MethodDef(
        name="Queue",
        function="do_queue",
        parameters=(_RES, _QUEUE_DIR),
        returns="str",
        doc="Stores the message that Send would send in a new file ending in .queued and returns the file's name, or "
        "the empty text with the reason in get_last_error_code.",
        evidence=Evidence.SIBLING,
        source=_QUEUE_PAGES,
    ),
    MethodDef(
        name="Reset",
        function="do_reset",
        parameters=(_RES,),
        returns="int",
        doc="Puts every property and setting back to its default, drops the connection without QUIT and forgets the "
        "recipient certificates. Callbacks and RuntimeLicense stay.",
        evidence=Evidence.INFERRED,
        source=f"{_OVERVIEW}; {_WRAPPER}",
    ),
    MethodDef(
        name="ResetHeaders",
        function="do_resetheaders",
        parameters=(_RES,),
        returns="int",
        doc="Puts the properties that make the header back to their defaults, the recipients included. MessageText, "
        "the server, the credentials, the certificates and the connection stay.",
        evidence=Evidence.INFERRED,
        source=f"{_OVERVIEW}; {_SAMPLES}",
    ),
    MethodDef(
        name="Send",
        function="do_send",
        parameters=(_RES,),
        returns="int",
        doc="Sends the message (RFC 5321 3.3). Without an open session it connects first and ends that session "
        "afterwards; one that Connect opened stays. A refusal leaves the session usable, a broken dialogue closes it.",
        evidence=Evidence.INFERRED,
        source=f"{_OVERVIEW}; {_SAMPLES}",
    ),
    MethodDef(
        name="SendToTerminalAndEmail",
        function="do_sendtoterminalandemail",
        parameters=(_RES,),
        returns="int",
        doc="Send with SAML in place of MAIL: to the user's terminal and to the mailbox (RFC 821 3.4). AllowExtensions "
        "has to be True. Hardly a server still takes it.",
        evidence=Evidence.INFERRED,
        source=_OVERVIEW,
    ),
    MethodDef(
        name="SendToTerminalOnly",
        function="do_sendtoterminalonly",
        parameters=(_RES,),
        returns="int",
        doc="Send with SEND in place of MAIL: to the user's terminal only (RFC 821 3.4). AllowExtensions has to be "
        "True. Hardly a server still takes it.",
        evidence=Evidence.SIBLING,
        source="SMTP SendToTerminalOnly page (sibling)",
    ),
    MethodDef(
        name="SendToTerminalOrEmail",
        function="do_sendtoterminaloremail",
        parameters=(_RES,),
        returns="int",
        doc="Send with SOML in place of MAIL: to the user's terminal, or else to the mailbox (RFC 821 3.4). "
        "AllowExtensions has to be True. Hardly a server still takes it.",
        evidence=Evidence.SIBLING,
        source="PSMTP SendToTerminalOrEmail page (sibling, 2020)",
    ),
    MethodDef(
        name="Sign",
        function="do_sign",
        parameters=(_RES,),
        returns="int",
        doc="Signs MessageText with its content header fields as multipart/signed (RFC 8551 3.5.3), or with the "
        "content inside where DetachedSignature is False, with the certificate that CertSubject or CertEncoded "
        "selected. A message that is signed already is signed again as a whole. The result is in MessageText, its "
        "header fields in OtherHeaders; on an error both stay as they were. What is signed is made 7-bit first, so "
        "that no relay has to change it.",
        evidence=Evidence.INFERRED,
        source=f"{_OVERVIEW}; {_SAMPLES}",
    ),
    MethodDef(
        name="SignAndEncrypt",
        function="do_signandencrypt",
        parameters=(_RES,),
        returns="int",
        doc="Sign, then Encrypt, so that the signature is inside (RFC 8551 3.7). When either fails, MessageText and "
        "OtherHeaders stay as they were.",
        evidence=Evidence.INFERRED,
        source=_OVERVIEW,
    ),
    MethodDef(
        name="Verify",
        function="do_verify",
        parameters=(_RES, Parameter(name="emailaddress", type="str", doc="A mailbox or a user name.")),
        returns="int",
        doc="Asks the server with VRFY (RFC 5321 4.1.1.6) whether it knows a mailbox, over the open session or over "
        "one of its own; the answer is in LastReply. 252, with which a server does not say, is a success. It has "
        "nothing to do with signatures.",
        evidence=Evidence.INFERRED,
        source=_OVERVIEW,
    ),
)

METHODS: Final[Mapping[str, MethodDef]] = MappingProxyType({row.function: row for row in _ROWS})
"""The methods by function name, without the prefix."""
