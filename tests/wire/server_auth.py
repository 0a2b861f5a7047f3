"""The server's side of the SASL mechanisms that the scripted server knows: a generator each.

It yields challenges, is sent responses, and returns the user's name, or None when the proof is wrong.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Generator, Mapping
from functools import partial

Exchange = Generator[bytes, bytes, str | None]
Users = Mapping[str, str]

CRAM_MD5_CHALLENGE = b"<1896.697170952@scripted.example.test>"
SCRAM_SALT = b"salt and pepper"
SCRAM_NONCE = "server-part"
TLS_EXPORTER = b"what both ends of one connection"
DIGEST_REALM = "scripted.example.test"
DIGEST_NONCE = "OA6MG9tEQGm2hh"
OAUTH_ERROR = b'{"status":"invalid_token","schemes":"bearer","scope":"mail"}'


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


def digest_md5(users: Users) -> Exchange:
    """RFC 2831, for values without a comma or a quotation mark."""
    response = yield (
        f'realm="{DIGEST_REALM}",nonce="{DIGEST_NONCE}",qop="auth",charset=utf-8,algorithm=md5-sess'.encode()
    )
    pairs = (part.partition("=") for part in response.decode().split(","))
    fields = {name: value.strip('"') for name, _, value in pairs}
    user, cnonce, uri = fields["username"], fields["cnonce"], fields["digest-uri"]
    if user not in users or fields["nonce"] != DIGEST_NONCE or not uri.startswith("smtp/"):
        return None
    secret = hashlib.md5(f"{user}:{fields['realm']}:{users[user]}".encode("latin-1")).digest()
    identity = f":{fields['authzid']}" if "authzid" in fields else ""
    a1 = hashlib.md5(secret + f":{DIGEST_NONCE}:{cnonce}{identity}".encode()).hexdigest()

    def proof(a2: str) -> str:
        a2 = hashlib.md5(a2.encode()).hexdigest()
        return hashlib.md5(f"{a1}:{DIGEST_NONCE}:00000001:{cnonce}:auth:{a2}".encode()).hexdigest()

    if fields["response"] != proof(f"AUTHENTICATE:{uri}"):
        return None
    yield f"rspauth={proof(f':{uri}')}".encode()
    return user


def scram(users: Users, digest: str, flags: str = "[ny]", binding: bytes = b"") -> Exchange:
    """RFC 5802 section 3, from the keys that a server stores; the names' escapes are left as they are."""
    first = (yield b"").decode()
    match = re.fullmatch(f"({flags},(?:a=[^,]*)?,)(n=([^,]*),r=(.*))", first)
    if not match or match[3] not in users:
        return None
    header, bare, user, nonce = match.groups()
    salted = hashlib.pbkdf2_hmac(digest, users[user].encode(), SCRAM_SALT, 4096)
    stored_key = hashlib.new(digest, hmac.digest(salted, b"Client Key", digest)).digest()
    server_key = hmac.digest(salted, b"Server Key", digest)
    server_first = f"r={nonce}{SCRAM_NONCE},s={base64.b64encode(SCRAM_SALT).decode()},i=4096"
    final, _, proof = (yield server_first.encode()).decode().rpartition(",p=")
    if final != f"c={base64.b64encode(header.encode() + binding).decode()},r={nonce}{SCRAM_NONCE}":
        return None
    message = f"{bare},{server_first},{final}".encode()
    signature = hmac.digest(stored_key, message, digest)
    client_key = bytes(a ^ b for a, b in zip(base64.b64decode(proof), signature, strict=True))
    if hashlib.new(digest, client_key).digest() != stored_key:
        return None
    yield b"v=" + base64.b64encode(hmac.digest(server_key, message, digest))
    return user


def oauth(users: Users, form: str) -> Exchange:
    """RFC 7628 and its forerunner: the token, and an explanation before the refusal."""
    match = re.fullmatch(form, (yield b"").decode())
    if match and users.get(match[1]) == match[2]:
        return match[1]
    yield OAUTH_ERROR
    return None


def external(users: Users) -> Exchange:
    """RFC 4422 appendix A, for a certificate that is good for everybody."""
    name = (yield b"").decode()
    return name if name in users else None


# Python's TLS has no exporter (RFC 8446 section 7.5), so PLUS expects the client to bind to TLS_EXPORTER.
MECHANISMS: Mapping[str, Callable[[Users], Exchange]] = {
    "PLAIN": plain,
    "LOGIN": login,
    "CRAM-MD5": cram_md5,
    "DIGEST-MD5": digest_md5,
    "SCRAM-SHA-1": partial(scram, digest="sha1"),
    "SCRAM-SHA-256": partial(scram, digest="sha256"),
    "SCRAM-SHA-1-PLUS": partial(scram, digest="sha1", flags="p=tls-exporter", binding=TLS_EXPORTER),
    "SCRAM-SHA-256-PLUS": partial(scram, digest="sha256", flags="p=tls-exporter", binding=TLS_EXPORTER),
    "XOAUTH2": partial(oauth, form="user=(.*)\x01auth=Bearer (.*)\x01\x01"),
    "OAUTHBEARER": partial(oauth, form="n,a=(.*),\x01(?:host=.*\x01)?(?:port=.*\x01)?auth=Bearer (.*)\x01\x01"),
    "EXTERNAL": external,
}

WITHOUT_TLS = tuple(name for name in MECHANISMS if not name.endswith("-PLUS") and name != "EXTERNAL")
"""What a server offers by itself."""
