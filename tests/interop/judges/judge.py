"""What the readers and writers of S/MIME that are not ours have in common."""

from __future__ import annotations

from dataclasses import dataclass

from interop.authority import Identity


@dataclass(frozen=True, slots=True)
class Result:
    """``content`` is what was read or written, empty unless ``ok``; ``report`` is what the program said."""

    ok: bool
    content: bytes
    report: str


@dataclass(frozen=True, slots=True)
class Signature:
    """A way to sign. ``key`` is a kind of ``people.KINDS``, ``digest`` a name of ours, "" where the key decides it."""

    key: str
    digest: str
    pss: bool = False
    detached: bool = True


@dataclass(frozen=True, slots=True)
class Encryption:
    """A way to encrypt. ``cipher`` and ``oaep`` are names of ours; without ``oaep`` RSA is PKCS #1 v1.5."""

    key: str
    cipher: str
    oaep: str = ""


class Judge:
    """A program that has no part in this project. Messages and entities are whole, header included, with CRLF.

    ``verify`` is about the octets, the signature and the chain up to the test authority. A way that the program has no
    command for is a failure too, with a report that says so.
    """

    name: str

    def verify(self, message: bytes) -> Result:
        return self._lacks("verify")

    def decrypt(self, message: bytes, recipient: Identity) -> Result:
        return self._lacks("decrypt")

    def sign(self, entity: bytes, signer: Identity, way: Signature) -> Result:
        """A message with ``entity`` signed; ``signer`` has a key of the way's kind."""
        return self._lacks("sign")

    def encrypt(self, entity: bytes, recipient: Identity, way: Encryption) -> Result:
        """A message with ``entity`` encrypted; ``recipient`` has a key of the way's kind."""
        return self._lacks("encrypt")

    def _lacks(self, what: str) -> Result:
        return Result(False, b"", f"{self.name} cannot {what}")
