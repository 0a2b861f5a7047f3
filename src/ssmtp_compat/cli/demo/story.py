"""What the demo does and says, in the order in which it happens."""

from __future__ import annotations

import ssl
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import Message
from pathlib import Path
from typing import Any, Final, TextIO

from cryptography import x509

from ... import (
    CertStoreTypes,
    EventID,
    PropertyID,
    SSLStartModes,
    __version__,
    ssmtp_close,
    ssmtp_do_addrecipientcert,
    ssmtp_do_config,
    ssmtp_do_send,
    ssmtp_do_signandencrypt,
    ssmtp_get_last_error,
    ssmtp_get_last_error_code,
    ssmtp_open,
    ssmtp_register_callback,
    ssmtp_set,
)
from ..dialogue import dialogue_line, one_line
from .people import Authority, Identity
from .readers import Reader, UnreadableError, find_reader
from .server import LOOPBACK, EmbeddedServer, Received

__all__ = ["run"]

P = PropertyID

_SUBJECT: Final = "Grüße aus Köln"
_TEXT: Final = "Hallo Jürgen,\nüber 1000 Grüße aus Köln!\n.\nDer Punkt darüber steht allein: auch er kommt an.\nZoë\n"
_PFX_PASSWORD: Final = "demo"  # noqa: S105  it protects a store that lives in memory for a second
_SECONDS: Final = 20


class _SendError(Exception):
    """A documented call returned an error code."""


@dataclass(frozen=True, slots=True)
class _Finding:
    true: bool
    detail: str


def run(out: TextIO) -> int:
    """Tell the story on ``out``. Returns 0 if the message was delivered, decrypted and verified, otherwise 1."""

    def say(text: str = "") -> None:
        out.write(text + "\n")
        out.flush()

    say(f"ssmtp-compat {__version__} sends one signed and encrypted message to a mail server in this process.")
    say("Nothing leaves this machine, and nothing stays on it.")
    say()
    # mkdtemp makes it for this user only (0700). It holds throwaway keys for those who take them from files only.
    with tempfile.TemporaryDirectory(prefix="ssmtp-compat-demo-") as name:
        findings = _act(Path(name), say)
    say()
    for what, finding in findings.items():
        say(f"   {what + ':':<20} {'yes' if finding.true else 'NO '}  {finding.detail}")
    say()
    failed = [what for what, finding in findings.items() if not finding.true]
    say(f"FAILED: not {', not '.join(failed)}." if failed else "Delivered, decrypted, signature verified.")
    return 1 if failed else 0


def _act(directory: Path, say: Callable[..., None]) -> dict[str, _Finding]:
    authority = Authority()
    zoe = authority.person("Zoë Meyer", "zoe@example.org")
    juergen = authority.person("Jürgen Groß", "juergen@example.org")
    say("1. A throwaway certificate authority has made certificates for")
    say(f"   {zoe.mailbox} and {juergen.mailbox}.")
    with EmbeddedServer(_server_context(authority, directory)) as server:
        say(f"2. A mail server (aiosmtpd) listens on {LOOPBACK} port {server.port}; it insists on TLS.")
        say("3. Zoë signs a message with her key and encrypts it for Jürgen and, as a copy, for herself.")
        say("4. It is sent. The dialogue (--> to the server, <-- from it, -- remarks):")
        say()
        try:
            _send(zoe, juergen, authority, server.port, say)
        except _SendError as error:
            reason = _Finding(False, str(error))
            not_reached = _Finding(False, "nothing arrived")
            return {"delivered": reason, "decrypted": not_reached, "signature verified": not_reached}
    reader = find_reader(directory)
    say()
    say(f"5. What arrived is now read by {reader.name}, not by this library:")
    return _judge(server.received, zoe, juergen, authority, reader)


def _server_context(authority: Authority, directory: Path) -> ssl.SSLContext:
    identity = authority.server(LOOPBACK)
    file = directory / "server.pem"
    file.write_bytes(identity.key_pem() + identity.certificate_pem())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


def _send(sender: Identity, recipient: Identity, authority: Authority, port: int, say: Callable[..., None]) -> None:
    handle = ssmtp_open()

    def check(code: int) -> None:
        if code:
            raise _SendError(f"{code}: {one_line(ssmtp_get_last_error(handle))}")

    def config(assignment: str) -> None:
        ssmtp_do_config(handle, assignment)
        check(ssmtp_get_last_error_code(handle))

    def on_trail(parameters: dict[str, Any]) -> None:
        say(f"   {dialogue_line(parameters)}")

    def on_status(parameters: dict[str, Any]) -> None:
        if parameters["connectionevent"] == "TLS handshake complete":
            say("   --  TLS handshake complete: from here on the line is encrypted")

    try:
        for property_id, value in (
            (P.MailServer, LOOPBACK),
            (P.MailPort, port),
            (P.SSLStartMode, SSLStartModes.sslExplicit),
            (P.Timeout, _SECONDS),
            (P.From, sender.mailbox),
            (P.SendTo, recipient.mailbox),
            (P.Cc, sender.mailbox),
            (P.Subject, _SUBJECT),
            (P.MessageText, _TEXT),
            (P.CertStoreType, CertStoreTypes.cstPFXBlob),
            (P.CertStore, sender.pfx(_PFX_PASSWORD)),
            (P.CertStorePassword, _PFX_PASSWORD),
            (P.CertSubject, "*"),
        ):
            check(ssmtp_set(handle, property_id, value))
        config("SSLCACertFilePaths=")  # trust nobody but the authority of the demo
        config(f"SSLCACerts={authority.pem().decode('ascii')}")
        config("AbsoluteTimeout=True")
        for person in (recipient, sender):
            check(ssmtp_do_addrecipientcert(handle, person.certificate_pem()))
        check(ssmtp_do_signandencrypt(handle))
        check(ssmtp_register_callback(handle, EventID.PITrail, on_trail))
        check(ssmtp_register_callback(handle, EventID.ConnectionStatus, on_status))
        check(ssmtp_do_send(handle))
    finally:
        ssmtp_close(handle)


def _judge(
    received: list[Received], sender: Identity, recipient: Identity, authority: Authority, reader: Reader
) -> dict[str, _Finding]:
    delivered = _check_delivery(received, sender, recipient)
    if not received:
        nothing = _Finding(False, "nothing arrived")
        return {"delivered": delivered, "decrypted": nothing, "signature verified": nothing}
    content = received[0].content
    decrypted, verified = _check_content(content, sender, recipient, authority, reader)
    return {"delivered": delivered, "decrypted": decrypted, "signature verified": verified}


def _check_delivery(received: list[Received], sender: Identity, recipient: Identity) -> _Finding:
    expected = {sender.address, recipient.address}
    if len(received) != 1:
        return _Finding(False, f"the server has {len(received)} messages, not 1")
    (message,) = received
    if message.sender != sender.address or set(message.recipients) != expected:
        return _Finding(False, f"the envelope is from {message.sender!r} to {message.recipients!r}")
    if not message.secured:
        return _Finding(False, "it came without TLS")
    return _Finding(True, f"{len(message.content)} octets through TLS, for {' and '.join(message.recipients)}")


def _check_content(
    content: bytes, sender: Identity, recipient: Identity, authority: Authority, reader: Reader
) -> tuple[_Finding, _Finding]:
    entities: list[bytes] = []
    for person in (recipient, sender):
        try:
            entities.append(reader.decrypt(content, person))
        except UnreadableError as error:
            unread = _Finding(False, f"not by {person.name}: {error}")
            return unread, _Finding(False, "there is nothing to verify")
    if entities[0] != entities[1]:
        return _Finding(False, "the two do not get the same"), _Finding(False, "there is nothing to verify")
    decrypted = _check_text(entities[0])
    if decrypted.true:
        decrypted = _Finding(True, f"by {recipient.name} and by {sender.name}; {decrypted.detail}")
    try:
        signed, certificate = reader.verify(entities[0], authority.pem())
    except UnreadableError as error:
        return decrypted, _Finding(False, str(error))
    # What the reader calls signed has to be the text too, and not just some other part of the message.
    text = _check_text(signed)
    return decrypted, _check_signer(certificate, content, authority) if text.true else text


def _check_text(entity: bytes) -> _Finding:
    part: Message = message_from_bytes(entity, policy=policy.default)
    while part.is_multipart():
        part = part.get_payload(0)  # type: ignore[assignment]
    payload = part.get_payload(decode=True)
    text = payload.decode(part.get_content_charset("ascii"), "replace") if isinstance(payload, bytes) else ""
    # Text in mail has CRLF line ends (RFC 2049 4); apart from them it has to be the same, letter for letter.
    if text.replace("\r\n", "\n") != _TEXT:
        return _Finding(False, f"the text is another one: {one_line(text[:60])!r}")
    return _Finding(True, f"the text is what was sent, “{_TEXT.splitlines()[1]}” included")


def _check_signer(certificate: x509.Certificate, content: bytes, authority: Authority) -> _Finding:
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    addresses = names.get_values_for_type(x509.RFC822Name)
    header = message_from_bytes(content, policy=policy.default)["From"]
    author = header.addresses[0].addr_spec if header is not None and header.addresses else ""
    # RFC 8550 3: a signature says something about the sender only if the address is in the signer's certificate.
    if author not in addresses:
        return _Finding(False, f"signed by {', '.join(addresses)}, while From says {author}")
    signer = certificate.subject.rfc4514_string().removeprefix("CN=")
    issuer = authority.certificate.subject.rfc4514_string().removeprefix("CN=")
    return _Finding(True, f"signed by {signer} <{author}>, the sender in From; vouched for by “{issuer}”")
