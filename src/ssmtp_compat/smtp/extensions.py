"""What the server offers: the EHLO keywords (RFC 5321 section 4.1.1.1)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from .replies import Reply

__all__ = ["Extensions"]

# RFC 4422 3.1, in any case. Anything else is no mechanism, and would only show in error texts.
_MECHANISM: Final = re.compile("[A-Za-z0-9_-]{1,20}")
_SIZE: Final = re.compile("[0-9]{1,20}")


@dataclass(frozen=True)
class Extensions:
    """The keywords of one EHLO reply, upper case, each with its parameters. Empty before EHLO and after HELO."""

    keywords: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def from_ehlo(cls, reply: Reply) -> Extensions:
        """Read a positive EHLO reply; the first line is the server's name.

        >>> reply = Reply(250, ("250-mx.example", "250-SIZE 1000", "250 AUTH PLAIN LOGIN"))
        >>> Extensions.from_ehlo(reply).auth_mechanisms
        ('PLAIN', 'LOGIN')
        """
        keywords: dict[str, list[str]] = {}
        for line in reply.texts[1:]:
            # "AUTH=LOGIN PLAIN" is how servers spoke before RFC 2554; some still send both forms.
            words = line.replace("=", " ", 1).split() if line.upper().startswith("AUTH=") else line.split()
            if words:
                keywords.setdefault(words[0].upper(), []).extend(words[1:])
        return cls({keyword: tuple(parameters) for keyword, parameters in keywords.items()})

    def __contains__(self, keyword: str) -> bool:
        return keyword in self.keywords

    @cached_property
    def size_limit(self) -> int:
        """The largest message in octets that the server takes (RFC 1870); 0 when it sets no limit or names none."""
        parameters = self.keywords.get("SIZE", ())
        # RFC 1870 3: at most 20 digits.
        return int(parameters[0]) if parameters and _SIZE.fullmatch(parameters[0]) else 0

    @property
    def auth_mechanisms(self) -> tuple[str, ...]:
        """The SASL mechanisms offered (RFC 4954), upper case, in the server's order, each once."""
        names = self.keywords.get("AUTH", ())
        return tuple(dict.fromkeys(name.upper() for name in names if _MECHANISM.fullmatch(name)))
