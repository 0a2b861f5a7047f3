"""Who logs in to the scripted server, and how."""

from __future__ import annotations

import base64
import hmac
from typing import Any

from wire.mailer import Mailer
from wire.scripted_server import ScriptedServer
from wire.server_auth import CRAM_MD5_CHALLENGE

USER, PASSWORD = "alice", "pässword-1 "
TOKEN = "ya29.an-OAuth-token_of~some/length+0=="

MECHANISMS = ["PLAIN", "LOGIN", "CRAM-MD5"]
"""Those without further rules about what a password may be and what a server has to say."""
PROVING = ["SCRAM-SHA-1", "SCRAM-SHA-256", "DIGEST-MD5"]
"""Those in which the server proves itself too."""
OAUTH = ["XOAUTH2", "OAUTHBEARER"]
"""Those that take a token."""


def logging_in(server: ScriptedServer, **properties: Any) -> Mailer:
    return Mailer(server.port, **{"User": USER, "Password": PASSWORD, **properties})


def with_token(server: ScriptedServer, **properties: Any) -> Mailer:
    return logging_in(server, **{"AuthMechanism": 7, "Password": TOKEN, **properties})


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def plain(user: str, password: str, identity: str = "") -> str:
    return encoded("\0".join((identity, user, password)))


def digest(password: str) -> str:
    return hmac.new(password.encode(), CRAM_MD5_CHALLENGE, "md5").hexdigest()
