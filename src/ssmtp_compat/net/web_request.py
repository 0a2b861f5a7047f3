"""A request for one small file on the web, whichever way it takes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from ..catalog.errors import ErrorCode
from ..errors import ConnectionFailedError

__all__ = ["WebRequest", "not_fetched"]

_PORT: Final = 80
_VISIBLE: Final = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True)
class WebRequest:
    """A request to an ``http`` URL: GET, or POST with a ``body``."""

    host: str
    port: int
    authority: str
    """Host and port as the URL has them, for the field Host."""
    target: str
    """Path and query, which a server is asked for (RFC 9112 3.2.1)."""
    body: bytes
    content_type: str
    most: int
    """Octets that the answer may have."""

    @classmethod
    def parse(cls, url: str, body: bytes, content_type: str, most: int) -> WebRequest:
        """Raises :class:`ConnectionFailedError` for a URL that cannot be fetched."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port or _PORT
        except ValueError:
            host, port = "", 0
        # urlsplit drops line breaks, and what it leaves of such a URL is another one.
        if not host or not _VISIBLE.fullmatch(url) or parts.scheme.lower() != "http":
            raise not_fetched(f"{url!r} is no URL of HTTP")
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return cls(host, port, parts.netloc.rpartition("@")[2], target, body, content_type, most)

    @property
    def url(self) -> str:
        """What a proxy is asked for (RFC 9112 3.2.2)."""
        return f"http://{self.authority}{self.target}"

    @property
    def method(self) -> str:
        return "POST" if self.body else "GET"

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        fields = [(b"Host", self.authority.encode("ascii"))]
        if self.body:
            fields.append((b"Content-Type", self.content_type.encode("ascii")))
            fields.append((b"Content-Length", str(len(self.body)).encode("ascii")))
        return fields


def not_fetched(reason: str) -> ConnectionFailedError:
    """The error of a file that cannot be had."""
    return ConnectionFailedError(ErrorCode.COMMUNICATION, f"It cannot be fetched: {reason}.")
