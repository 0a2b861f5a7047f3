"""GSS-API security contexts (RFC 2743) by pyspnego: the one place that touches it, and translates what it raises."""

from __future__ import annotations

from typing import Final

from ...catalog.errors import ErrorCode
from ...errors import ProtocolError, SSMTPError, UnsupportedError, printable
from .mechanism import Credentials

__all__ = ["SecurityContext"]

_LONGEST_REASON: Final = 300


class SecurityContext:
    """The client's side of an exchange of tokens.

    ``protocol`` is pyspnego's name for it, and the ``extra`` that brings the packages has the same unless another is
    named; ``title`` is what error texts call it, and ``service`` what the server's principal name begins with.
    ``cached`` takes the user's tickets from the credential cache and leaves the password aside. Inside TLS the context
    is bound to the server's certificate (RFC 5929 section 4), so that a server that looks at it, as one with Extended
    Protection does, notices who hands the exchange on from another connection; others pay no attention.

    No call takes a deadline. NTLM only computes; but Kerberos asks its key distribution centre inside the C library,
    which waits as long as krb5.conf says and cannot be interrupted.
    """

    def __init__(
        self,
        title: str,
        protocol: str,
        service: str,
        credentials: Credentials,
        *,
        cached: bool = False,
        extra: str = "",
    ) -> None:
        self._title = title
        self._protocol = protocol
        self._service = service
        self._credentials = credentials
        self._cached = cached
        self._extra = extra or protocol

    def begin(self) -> bytes:
        """The first token.

        Raises :class:`UnsupportedError` with ``MISSING_EXTRA`` where packages are missing, and :class:`SSMTPError` with
        ``NO_CREDENTIALS`` where no token can be made of the user's name and password, or of the tickets in the cache.
        """
        user, password = self._credentials.user, self._credentials.password
        end_point = self._credentials.channel_binding.server_end_point
        try:
            # Not before it is needed: it is an extra, and slow to load. That Kerberos asks its key distribution centre
            # is the one exception to the rule that smtp/ has no connections: it belongs to the making of a token.
            import spnego

            self._context = spnego.client(
                spnego.CredentialCache(user) if self._cached else spnego.Password(user, password),
                hostname=self._credentials.host,
                service=self._service,
                protocol=self._protocol,
                channel_bindings=spnego.channel_bindings.GssChannelBindings(
                    application_data=b"tls-server-end-point:" + end_point
                )
                if end_point
                else None,
            )
            token: bytes | None = self._context.step()
        except ImportError as error:
            raise UnsupportedError(
                ErrorCode.MISSING_EXTRA,
                f"{self._title} needs: pip install 'ssmtp_compat[{self._extra}]' ({self._reason(error)})",
            ) from None
        except Exception as error:  # noqa: BLE001  pyspnego and what is below it have no exception in common
            raise SSMTPError(ErrorCode.NO_CREDENTIALS, f"{self._title}: {self._reason(error)}.") from None
        return token or b""

    @property
    def complete(self) -> bool:
        """Whether both sides have said all they have to."""
        return bool(self._context.complete)

    def step(self, token: bytes) -> bytes:
        """The answer to the server's token, empty where there is none. A token that is not good is a protocol error."""
        try:
            answer: bytes | None = self._context.step(token)
        except Exception as error:  # noqa: BLE001  parsers raise many kinds for what a hostile server sends
            raise self._unusable(error) from None
        return answer or b""

    def unwrap(self, data: bytes) -> bytes:
        """The content of a message that the server protected. A message that was changed is a protocol error."""
        try:
            content: bytes = self._context.unwrap(data).data
        except Exception as error:  # noqa: BLE001  as in step
            raise self._unusable(error) from None
        return content

    def wrap(self, content: bytes) -> bytes:
        """``content`` protected against changes; whoever reads along can read it."""
        try:
            data: bytes = self._context.wrap(content, encrypt=False).data
        except Exception as error:  # noqa: BLE001  as in step
            raise self._unusable(error) from None
        return data

    def _unusable(self, error: Exception) -> ProtocolError:
        return ProtocolError(f"The server's {self._title} message cannot be used: {self._reason(error)}.")

    def _reason(self, error: Exception) -> str:
        """What a foreign exception says, with nothing of the password in it.

        Python's own exceptions quote the value that they could not work with, so that of them only the kind is told.
        """
        text = "" if isinstance(error, (ValueError, LookupError)) else str(error)
        if not text or (self._credentials.password and self._credentials.password in text):
            text = type(error).__name__
        return printable(text[:_LONGEST_REASON]).rstrip(".")
