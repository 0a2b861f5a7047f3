"""The only translator: what a script has set, in the vendor's words, becomes option objects in the engines' words.

Each function freezes one group of values at the moment it is called, so that a callback which changes a property while
a method runs cannot change what the method does. What this version does not carry out is refused here, when a method
would depend on it, and never ignored.
"""

from .connection import smtp_options, tcp_options, timeouts
from .message import (
    body,
    body_charset,
    body_codec,
    delivery_options,
    message_dsn,
    message_spec,
    recipients,
    reverse_path,
)
from .securing import (
    SIGNER,
    TLS_CLIENT,
    StoreProperties,
    certificate_store,
    issuer_store,
    recipients_spec,
    signer_spec,
)
from .tls import tls_options, tls_start
from .tunnel import USUAL_PORTS, proxy_to, tunnel_options

__all__ = [
    "SIGNER",
    "TLS_CLIENT",
    "USUAL_PORTS",
    "StoreProperties",
    "body",
    "body_charset",
    "body_codec",
    "certificate_store",
    "delivery_options",
    "issuer_store",
    "message_dsn",
    "message_spec",
    "proxy_to",
    "recipients",
    "recipients_spec",
    "reverse_path",
    "signer_spec",
    "smtp_options",
    "tcp_options",
    "timeouts",
    "tls_options",
    "tls_start",
    "tunnel_options",
]
