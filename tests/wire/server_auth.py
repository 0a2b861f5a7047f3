"""The server's side of the SASL mechanisms that the scripted server knows: a generator each.

It yields challenges, is sent responses, and returns the user's name, or None when the proof is wrong.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Generator, Mapping

Exchange = Generator[bytes, bytes, str | None]
Users = Mapping[str, str]

CRAM_MD5_CHALLENGE = b"<1896.697170952@scripted.example.test>"


def plain(users: Users) -> Exchange:
    """RFC 4616: authzid NUL authcid NUL password."""
    response = yield b""
    fields = response.decode().split("\0")
    if len(fields) != 3:
        return None
    _, user, password = fields
    return user if users.get(user) == password else None


def login(users: Users) -> Exchange:
    """draft-murchison-sasl-login."""
    user = (yield b"Username:").decode()
    password = (yield b"Password:").decode()
    return user if users.get(user) == password else None


def cram_md5(users: Users) -> Exchange:
    """RFC 2195: user, space, HMAC-MD5 of the challenge in lower-case hexadecimal."""
    response = yield CRAM_MD5_CHALLENGE
    user, _, proof = response.decode().rpartition(" ")
    if user not in users:
        return None
    return user if proof == hmac.new(users[user].encode(), CRAM_MD5_CHALLENGE, "md5").hexdigest() else None


MECHANISMS: Mapping[str, Callable[[Users], Exchange]] = {"PLAIN": plain, "LOGIN": login, "CRAM-MD5": cram_md5}
