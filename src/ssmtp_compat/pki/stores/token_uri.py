"""Where a PKCS #11 token is: a URI of RFC 7512, or the path of the module alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote, unquote_to_bytes

__all__ = ["TokenAddress", "is_token_uri", "parse_address"]

_SCHEME: Final = "pkcs11:"
_LONGEST: Final = 1024
_PATH_ATTRIBUTES: Final = frozenset({"token", "manufacturer", "model", "serial", "object", "id", "type"})
_QUERY_ATTRIBUTES: Final = frozenset({"module-path"})


@dataclass(frozen=True, slots=True)
class TokenAddress:
    """The module, and what the token and the private key have to have; None and empty for anything."""

    module: str
    """The absolute path of the shared library."""
    token: tuple[tuple[str, str], ...] = ()
    """Names of RFC 7512, of those that concern the token, with their values."""
    label: str | None = None
    """CKA_LABEL of the private key (``object`` in the URI)."""
    id: bytes | None = None
    """CKA_ID of the private key."""


def is_token_uri(content: bytes) -> bool:
    """Whether ``content`` begins as the URI of a token does."""
    return content[: len(_SCHEME)].lower() == _SCHEME.encode("ascii")


def parse_address(text: str) -> TokenAddress:
    """Read ``pkcs11:token=NAME;object=NAME?module-path=PATH``, or the path alone.

    Raises ValueError for anything else, for attributes that are not known (RFC 7512 2.3 forbids to pass them over), and
    for a module that is no file. The text says why and quotes nothing of ``text`` but names of attributes.
    """
    if len(text) > _LONGEST or not text.isprintable():
        raise ValueError("it is neither a URI that begins with pkcs11: nor the path of a module")
    if not text.lower().startswith(_SCHEME):
        return TokenAddress(_module(text))
    path, _, query = text[len(_SCHEME) :].partition("?")
    attributes = _attributes(path, ";", _PATH_ATTRIBUTES)
    options = _attributes(query, "&", _QUERY_ATTRIBUTES)
    if "module-path" not in options:
        raise ValueError("the URI lacks module-path, the path of the module")
    if attributes.get("type", "private") not in ("private", "cert"):
        raise ValueError("the URI's type is neither private nor cert")
    return TokenAddress(
        module=_module(unquote(options["module-path"])),
        token=tuple(
            (name, unquote(attributes[name]))
            for name in ("token", "manufacturer", "model", "serial")
            if name in attributes
        ),
        label=unquote(attributes["object"]) if "object" in attributes else None,
        id=unquote_to_bytes(attributes["id"]) if "id" in attributes else None,
    )


def _attributes(text: str, separator: str, known: frozenset[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in filter(None, text.split(separator)):
        name, equals, value = part.partition("=")
        if name in ("pin-value", "pin-source"):
            raise ValueError("the PIN belongs into the password of the store and not into the URI")
        if name not in known or not equals:
            raise ValueError(f"the URI's attribute {name[:40]!r} is not known")
        if name in found:
            raise ValueError(f"the URI's attribute {name} stands there twice")
        found[name] = value
    return found


def _module(text: str) -> str:
    # A name without a path would be searched in places that LD_LIBRARY_PATH says.
    if text.startswith("\\\\") or not Path(text).is_absolute() or not Path(text).is_file():
        raise ValueError("its module has to be the absolute path of a file on this computer, such as softhsm's .so")
    return text
