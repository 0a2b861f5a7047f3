"""Keys and certificates in XML: RSAKeyValue as .NET writes it, private members included, and X509Data (XML Signature).

The parser takes no document type declaration, so it has no entities to expand and nothing to fetch.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes

from ...catalog.errors import ErrorCode
from ...errors import CertificateError
from ..armor import decode_base64, plain_content
from ..certificates import Certificate
from .budget import Budget
from .entries import MAXIMUM_CERTIFICATES, MAXIMUM_KEYS, Store, join_store
from .keys import rsa_private_key, rsa_public_key

__all__ = ["open_xml"]

_MAXIMUM_SIZE: Final = 4 * 1024 * 1024
_MAXIMUM_DEPTH: Final = 32
_LONGEST_NUMBER: Final = 4096
"""Characters of base64, blanks included: room for a number of 12288 bits on indented lines."""
_NAMESPACES: Final = frozenset({"", "http://www.w3.org/2000/09/xmldsig#"})
"""That of XML Signature, and none as in RSA.ToXmlString of .NET."""
_ENCODINGS: Final = frozenset({None, "utf-8", "utf-16", "us-ascii", "iso-8859-1"})
"""Those that expat knows by itself; for any other it would ask Python's codecs, which do more than decode."""
_OTHER_KEYS: Final = frozenset({"DSAKeyValue", "ECKeyValue", "ECDSAKeyValue"})


class _RefusedError(Exception):
    """XML that is not taken, and why."""


def open_xml(content: bytes, password: bytes, what: str) -> Store:
    """The RSA keys and the certificates of an XML document, wherever they stand in it; no password is needed.

    ``what`` names the store in the text of an error. Raises :class:`CertificateError` (271) when the content is no XML
    or has a document type declaration, when a key or a certificate is damaged, and when it holds neither.
    """
    content = plain_content(content, b"<")
    if len(content) > _MAXIMUM_SIZE:
        raise CertificateError(ErrorCode.CANNOT_OPEN_STORE, f"The XML of {what} is longer than {_MAXIMUM_SIZE} octets.")
    document = _Document()
    try:
        document.parse(content)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise CertificateError(ErrorCode.CANNOT_OPEN_STORE, f"The content of {what} is no well-formed XML.") from error
    except _RefusedError as error:
        raise CertificateError(ErrorCode.CANNOT_OPEN_STORE, f"The XML of {what} is refused: {error}.") from error
    try:
        certificates = [Certificate(decode_base64(text)) for text in document.certificates]
    except (ValueError, CertificateError) as error:
        raise CertificateError(ErrorCode.CANNOT_OPEN_STORE, f"A certificate in {what} is damaged.") from error
    private, public = _keys(document, what)
    if not certificates and not private and not public:
        other = f" but {document.other}, which is not supported" if document.other else ""
        raise CertificateError(
            ErrorCode.CANNOT_OPEN_STORE, f"There is neither RSAKeyValue nor X509Certificate in {what}{other}."
        )
    return join_store(certificates, private, public)


def _keys(document: _Document, what: str) -> tuple[list[PrivateKeyTypes], list[PublicKeyTypes]]:
    private: list[PrivateKeyTypes] = []
    public: list[PublicKeyTypes] = []
    budget = Budget(what)
    for members in document.rsa_keys:
        try:
            numbers = {name: int.from_bytes(decode_base64(text), "big") for name, text in members.items()}
            modulus, exponent = numbers["Modulus"], numbers["Exponent"]
            if "D" not in numbers:
                public.append(rsa_public_key(modulus, exponent))
                continue
            primes = (numbers["P"], numbers["Q"]) if "P" in numbers or "Q" in numbers else None
            private.append(rsa_private_key(modulus, exponent, numbers["D"], primes, budget))
        except (ValueError, KeyError, UnsupportedAlgorithm) as error:
            raise CertificateError(ErrorCode.CANNOT_OPEN_STORE, f"The RSAKeyValue in {what} is damaged.") from error
    return private, public


@dataclass(slots=True)
class _Document:
    """What of a document concerns keys and certificates, as base64."""

    rsa_keys: list[dict[str, bytes]] = field(default_factory=list)
    certificates: list[bytes] = field(default_factory=list)
    other: str = ""
    """The name of a key that is none of RSA."""
    _path: list[str] = field(default_factory=list)
    _text: list[str] = field(default_factory=list)

    def parse(self, content: bytes) -> None:
        """Read it. Raises :class:`_RefusedError`, ExpatError, ValueError or LookupError."""
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        parser.XmlDeclHandler = self._check_encoding
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text.append
        parser.Parse(content, True)

    def _refuse_doctype(self, *_: object) -> None:
        raise _RefusedError("it has a document type declaration")

    def _check_encoding(self, version: str, encoding: str | None, standalone: int) -> None:
        if (encoding.lower() if encoding else None) not in _ENCODINGS:
            raise _RefusedError("its encoding is not UTF-8")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        namespace, _, local = name.rpartition(" ")
        self._path.append(local if namespace in _NAMESPACES else "")
        self._text.clear()
        if len(self._path) > _MAXIMUM_DEPTH:
            raise _RefusedError(f"its elements are nested more than {_MAXIMUM_DEPTH} deep")
        if self._path[-1] == "RSAKeyValue":
            self.rsa_keys.append({})
            if len(self.rsa_keys) > MAXIMUM_KEYS:
                raise _RefusedError(f"it has more than {MAXIMUM_KEYS} keys")
        elif self._path[-1] in _OTHER_KEYS:
            self.other = self._path[-1]

    def _end(self, name: str) -> None:
        local = self._path.pop()
        text = "".join(self._text).encode("utf-8", "replace")
        self._text.clear()
        if self._path[-1:] == ["RSAKeyValue"]:
            # A member twice is read in one way here and in another elsewhere.
            if len(text) > _LONGEST_NUMBER or local in self.rsa_keys[-1]:
                raise _RefusedError("a member of RSAKeyValue is too long or stands there twice")
            self.rsa_keys[-1][local] = text
        elif local == "X509Certificate":
            self.certificates.append(text)
            if len(self.certificates) > MAXIMUM_CERTIFICATES:
                raise _RefusedError(f"it has more than {MAXIMUM_CERTIFICATES} certificates")
