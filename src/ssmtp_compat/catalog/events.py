"""The nine documented events, one row each, with their parameters in the documented order."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from .enums import EventID
from .schema import EventDef, Evidence, Parameter

__all__ = ["EVENTS", "EventID"]

_HEADER: Final = "2020 C++ header of the plain SMTP class (same nine events)"
_DIRECTION: Final = Parameter(name="direction", type="int", doc="0: the client sends. Always 0 in this class.")

_ROWS: Final = (
    EventDef(
        id=EventID.ConnectionStatus,
        parameters=(
            Parameter(
                name="connectionevent",
                type="str",
                doc="What changed: 'Firewall connection complete', 'TLS handshake complete', 'Remote host connection "
                "complete', 'Remote host disconnected', 'TLS connection broken' or 'Firewall host disconnected'. "
                "The six kinds are documented, their wording is ours.",
            ),
            Parameter(name="statuscode", type="int", doc="Error code of the change, 0 when there is none."),
            Parameter(name="description", type="str", doc="Text for statuscode; 'OK' for 0."),
        ),
        doc="Fired at each change of the connection: behind the proxy, the TCP connection, the TLS handshake, and at "
        "each kind of disconnection.",
        evidence=Evidence.SIBLING,
        source=_HEADER,
    ),
    EventDef(
        id=EventID.EndTransfer,
        parameters=(_DIRECTION,),
        doc="Fired when the body has been handed to the server. Not fired for an empty MessageText.",
        evidence=Evidence.SIBLING,
        source=_HEADER,
    ),
    EventDef(
        id=EventID.Error,
        parameters=(
            Parameter(name="errorcode", type="int", doc="A row of the error table."),
            Parameter(name="description", type="str", doc="The error's text."),
        ),
        doc="Fired before a method returns an error code other than 168 (busy), and for a refused recipient that does "
        "not stop the message.",
        evidence=Evidence.SIBLING,
        source=_HEADER,
    ),
    EventDef(
        id=EventID.Expand,
        parameters=(Parameter(name="address", type="str", doc="A mailbox, with its name where the server gives one."),),
        doc="Fired once for each address in the server's answer to Expand.",
        evidence=Evidence.SIBLING,
        source=_HEADER,
    ),
    EventDef(
        id=EventID.PITrail,
        parameters=(
            Parameter(name="direction", type="int", doc="0: from the client, 1: from the server, 2: a remark."),
            Parameter(
                name="message",
                type="str",
                doc="One protocol line without its line ending; secrets read ****.",
            ),
        ),
        doc="Fired for every command line sent and every reply line received; never for the message itself.",
        evidence=Evidence.SIBLING,
        source=_HEADER,
    ),
    EventDef(
        id=EventID.SSLServerAuthentication,
        parameters=(
            Parameter(name="certencoded", type="bytes", doc="The server's certificate as PEM text."),
            Parameter(name="certsubject", type="str", doc="Its subject."),
            Parameter(name="certissuer", type="str", doc="Its issuer."),
            Parameter(name="status", type="str", doc="'OK', or why verification failed."),
            Parameter(
                name="accept",
                type="bool",
                doc="The library's recommendation; the value the callback leaves or returns decides.",
                writable=True,
            ),
        ),
        doc="Fired inside the TLS handshake, before any client certificate or SMTP byte is sent through it.",
        evidence=Evidence.SIBLING,
        source=_HEADER,
    ),
    EventDef(
        id=EventID.SSLStatus,
        parameters=(Parameter(name="message", type="str", doc="A remark on the progress of the handshake."),),
        doc="Fired while the TLS handshake goes on. The texts are for people and may change.",
        evidence=Evidence.SIBLING,
        source=_HEADER,
    ),
    EventDef(
        id=EventID.StartTransfer,
        parameters=(_DIRECTION,),
        doc="Fired when the body starts on its way to the server. Not fired for an empty MessageText.",
        evidence=Evidence.DOCUMENTED,
        source="SSMTP StartTransfer event page, 2020 PHP edition",
    ),
    EventDef(
        id=EventID.Transfer,
        parameters=(
            _DIRECTION,
            Parameter(name="bytestransferred", type="int", doc="Octets of the body sent so far."),
            Parameter(name="percentdone", type="int", doc="0 to 100; -1 when it cannot be told."),
        ),
        doc="Fired one or more times while the body is sent; the TransferText setting holds the piece just sent.",
        evidence=Evidence.SIBLING,
        source=_HEADER,
    ),
)

EVENTS: Final[Mapping[EventID, EventDef]] = MappingProxyType({EventID(row.id): row for row in _ROWS})
"""The events by id."""
