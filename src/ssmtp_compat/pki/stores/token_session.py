"""Sessions with PKCS #11 tokens by python-pkcs11: the one place that logs in, and that translates what fails."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from ...catalog.errors import ErrorCode
from ...errors import CertificateError, SSMTPError, UnsupportedError
from .token_uri import TokenAddress

__all__ = ["token_session"]

_LONGEST_REASON: Final = 300
_REASONS: Final = {
    "PinIncorrect": "the PIN is wrong",
    "PinInvalid": "the PIN is wrong",
    "PinLenRange": "the PIN is wrong",
    "PinLocked": "the PIN is locked after too many wrong ones",
    "TokenNotPresent": "the token is no longer there",
    "DeviceRemoved": "the token is no longer there",
}
# A module knows one log-in for the whole process (PKCS #11 2.40, 2.6.8): a second thread could not log in while the
# first is, and would be logged out with it. A token does one thing at a time anyway.
_locks: Final[dict[str, threading.Lock]] = {}
_locks_lock: Final = threading.Lock()


@contextmanager
def token_session(address: TokenAddress, pin: bytes, what: str) -> Iterator[Any]:
    """A session, logged in where there is a PIN; what python-pkcs11 raises inside of it is translated too.

    A token that has its own keypad is asked without a PIN. Nothing bounds the time that a module takes. ``what`` names
    the store in the text of an error. Raises :class:`UnsupportedError` (20009) where python-pkcs11 is missing, and
    :class:`CertificateError` (271) for everything that fails.
    """
    try:
        import pkcs11
    except ImportError as error:
        raise UnsupportedError(
            ErrorCode.MISSING_EXTRA, f"{what} as a PKCS #11 token needs: pip install 'ssmtp_compat[pkcs11]' ({error})"
        ) from None
    with _lock_of(address.module):
        try:
            token = _find(pkcs11, address)
            with _open(pkcs11, token, pin) as session:
                yield session
        except SSMTPError:
            raise
        except Exception as error:  # noqa: BLE001  python-pkcs11 raises a RuntimeError of its own, and more
            raise CertificateError(
                ErrorCode.CANNOT_OPEN_STORE, f"The PKCS #11 token of {what} cannot be used: {_reason(error)}."
            ) from None


def _lock_of(module: str) -> threading.Lock:
    with _locks_lock:
        return _locks.setdefault(module, threading.Lock())


def _find(pkcs11: Any, address: TokenAddress) -> Any:
    present = [slot.get_token() for slot in pkcs11.lib(address.module).get_slots(token_present=True)]
    tokens = [token for token in present if token.flags & pkcs11.TokenFlag.TOKEN_INITIALIZED]
    found = [token for token in tokens if all(_property(token, name) == value for name, value in address.token)]
    if len(found) == 1:
        return found[0]
    labels = ", ".join(sorted(repr(token.label) for token in tokens[:10])) or "none"
    problem = "several tokens fit; name one with token=" if found else "no token fits"
    raise LookupError(f"{problem}; the module has: {labels}")


def _property(token: Any, name: str) -> str:
    value = {
        "token": token.label,
        "manufacturer": token.manufacturer_id,
        "model": token.model,
        "serial": token.serial,
    }[name]
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _open(pkcs11: Any, token: Any, pin: bytes) -> Any:
    if pin:
        return token.open(user_pin=pin.decode("utf-8"))
    if token.flags & pkcs11.TokenFlag.PROTECTED_AUTHENTICATION_PATH:
        return token.open(user_pin=pkcs11.PROTECTED_AUTH)
    if token.flags & pkcs11.TokenFlag.LOGIN_REQUIRED:
        raise LookupError("it wants a PIN, and the password of the store is empty")
    return token.open()


def _reason(error: Exception) -> str:
    name = type(error).__name__
    said = str(error)[:_LONGEST_REASON].rstrip(".")
    return _REASONS.get(name) or (said if isinstance(error, LookupError) else f"{name} {said}".strip())
