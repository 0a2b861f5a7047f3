"""PKCS #11 tokens as stores, as far as that goes without a token; tests/interop has a real one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from hypothesis import given
from hypothesis import strategies as st

from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.errors import CertificateError, UnsupportedError
from ssmtp_compat.pki.stores.opening import StoreFormat, StoreSource, open_store
from ssmtp_compat.pki.stores.token import open_token
from ssmtp_compat.pki.stores.token_keys import TokenECKey, TokenKey, TokenRSAKey
from ssmtp_compat.pki.stores.token_uri import TokenAddress, parse_address
from unit.pki.authority import Issued, rsa_key
from unit.pki.mutations import WHAT

MODULE = __file__
"""Any file there is."""
PIN = b"7361-pin"


def test_a_uri_is_read_with_its_escapes() -> None:
    uri = "pkcs11:token=My%20Token;serial=0042;object=mail%3bkey;id=%01%ff;type=private?module-path=" + MODULE
    assert parse_address(uri) == TokenAddress(
        MODULE, (("token", "My Token"), ("serial", "0042")), "mail;key", b"\1\xff"
    )
    assert parse_address(f"PKCS11:?module-path={MODULE}") == parse_address(MODULE) == TokenAddress(MODULE)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("MY", "absolute path of a file"),
        ("libsofthsm2.so", "absolute path of a file"),
        ("/no/such/module.so", "absolute path of a file"),
        (r"\\server\share\module.so", "absolute path of a file"),
        (str(Path(MODULE).parent), "absolute path of a file"),
        ("", "absolute path of a file"),
        ("x" * 2000, "neither a URI"),
        ("-----BEGIN\nhunter2", "neither a URI"),
        ("pkcs11:token=a", "lacks module-path"),
        ("pkcs11:token=a?module-path=b.so", "absolute path of a file"),
        (f"pkcs11:token=a;pin-value=hunter2?module-path={MODULE}", "PIN belongs into the password"),
        (f"pkcs11:token=a?module-path={MODULE}&pin-value=hunter2", "PIN belongs into the password"),
        (f"pkcs11:token=a?module-path={MODULE}&pin-source=file:/x", "PIN belongs into the password"),
        (f"pkcs11:slot-id=1?module-path={MODULE}", "attribute 'slot-id' is not known"),
        (f"pkcs11:token=a;token=b?module-path={MODULE}", "attribute token stands there twice"),
        (f"pkcs11:type=public?module-path={MODULE}", "neither private nor cert"),
    ],
)
def test_what_names_no_token_is_explained_before_anything_is_loaded(text: str, reason: str) -> None:
    with pytest.raises(CertificateError, match=reason) as caught:
        open_token(text.encode(), PIN, WHAT)
    assert caught.value.code is ErrorCode.CANNOT_OPEN_STORE
    assert "hunter2" not in str(caught.value)


def test_octets_that_are_no_text_are_refused() -> None:
    with pytest.raises(CertificateError, match="it is no text"):
        open_token(b"\xff\xfe", PIN, WHAT)


@given(st.text(max_size=80).map("pkcs11:".__add__))
def test_any_uri_gives_an_address_or_a_value_error(text: str) -> None:
    try:
        parse_address(text)
    except ValueError:
        return


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pkcs11", None)
    with pytest.raises(UnsupportedError, match=r"pip install 'ssmtp_compat\[pkcs11\]'") as caught:
        open_token(MODULE.encode(), PIN, WHAT)
    assert caught.value.code is ErrorCode.MISSING_EXTRA


class Named(type):
    """A class whose every attribute and item is that name, as the enumerations of python-pkcs11 are used."""

    def __getattr__(cls, name: str) -> str:
        return name

    def __getitem__(cls, name: str) -> str:
        return name


class Names(metaclass=Named):
    pass


class FakeToken:
    """Enough of python-pkcs11 for one token: what it is asked, and what it answers."""

    def __init__(self, objects: list[dict[str, Any]] | None = None) -> None:
        self.label, self.manufacturer_id, self.model, self.serial = "mail", "m", "m", b"0042"
        self.flags = 1
        self.objects = objects or []
        self.opened_with: list[Any] = []
        self.signed: list[tuple[bytes, Any, Any]] = []
        self.failure: Exception | None = None
        self.module = SimpleNamespace(
            lib=lambda path: SimpleNamespace(get_slots=lambda token_present: [SimpleNamespace(get_token=lambda: self)]),
            TokenFlag=SimpleNamespace(TOKEN_INITIALIZED=1, PROTECTED_AUTHENTICATION_PATH=2, LOGIN_REQUIRED=4),
            PROTECTED_AUTH="keypad",
            PKCS11Error=RuntimeError,
            **dict.fromkeys(("Attribute", "ObjectClass", "KeyType", "Mechanism", "MGF", "CertificateType"), Names),
        )

    @contextmanager
    def open(self, user_pin: Any = None) -> Iterator[Any]:
        self.opened_with.append(user_pin)
        if self.failure is not None:
            raise self.failure
        yield SimpleNamespace(get_objects=self._found)

    def _found(self, wanted: dict[str, Any]) -> Iterator[Any]:
        for each in self.objects:
            if wanted.items() <= each.items():
                yield FakeObject(self, each)


class FakeObject(dict):  # type: ignore[type-arg]
    def __init__(self, token: FakeToken, attributes: dict[str, Any]) -> None:
        super().__init__(attributes)
        self._token = token

    def decrypt(self, data: bytes, mechanism: Any, mechanism_param: Any) -> bytes:
        if data != b"good":
            raise type(data.decode(), (self._token.module.PKCS11Error,), {})()
        self._token.signed.append((data, mechanism, mechanism_param))
        return b"plain"

    def sign(self, data: bytes, mechanism: Any, mechanism_param: Any) -> bytes:
        self._token.signed.append((data, mechanism, mechanism_param))
        return b"\1" * 64


PRIVATE = {"CLASS": "PRIVATE_KEY", "KEY_TYPE": "RSA", "ID": b"\1", "LABEL": "alice"}


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Callable[[FakeToken], FakeToken]:
    def use(token: FakeToken) -> FakeToken:
        monkeypatch.setitem(sys.modules, "pkcs11", token.module)  # type: ignore[arg-type]
        for name in ("ec", "rsa"):
            encoder = SimpleNamespace(**{f"encode_{name}_public_key": lambda found: b"damaged"})
            monkeypatch.setitem(sys.modules, f"pkcs11.util.{name}", encoder)  # type: ignore[arg-type]
        return token

    return use


def test_a_key_finds_its_certificate_by_cka_id(use: Callable[[FakeToken], FakeToken], alice: Issued) -> None:
    certificate = {"CLASS": "CERTIFICATE", "CERTIFICATE_TYPE": "X_509", "ID": b"\1", "VALUE": alice.certificate.der}
    token = use(FakeToken([certificate, PRIVATE, {**PRIVATE, "ID": b"\2"}]))
    (entry,) = open_token(MODULE.encode(), PIN, WHAT).entries
    assert isinstance(entry.private_key, TokenRSAKey)
    assert entry.private_key.public_key() == alice.certificate.public_key
    assert token.opened_with == [PIN.decode()]


def test_a_key_without_cka_id_takes_no_certificate(use: Callable[[FakeToken], FakeToken], alice: Issued) -> None:
    certificate = {"CLASS": "CERTIFICATE", "CERTIFICATE_TYPE": "X_509", "VALUE": alice.certificate.der}
    use(FakeToken([certificate, {name: value for name, value in PRIVATE.items() if name != "ID"}]))
    (entry,) = open_token(MODULE.encode(), PIN, WHAT).entries
    assert entry.private_key is None


def test_a_damaged_certificate_on_a_token_is_explained(use: Callable[[FakeToken], FakeToken]) -> None:
    use(FakeToken([{"CLASS": "CERTIFICATE", "CERTIFICATE_TYPE": "X_509", "VALUE": b"0"}]))
    with pytest.raises(
        CertificateError, match="A certificate on the PKCS #11 token of the store under test is damaged"
    ):
        open_token(MODULE.encode(), PIN, WHAT)


def test_a_token_is_asked_each_time(use: Callable[[FakeToken], FakeToken]) -> None:
    token = use(FakeToken())
    for _ in range(2):
        open_store(StoreSource(StoreFormat.PKCS11, None, MODULE.encode(), PIN.decode(), WHAT))
    assert len(token.opened_with) == 2


def test_the_automatic_type_knows_the_uri_of_a_token(use: Callable[[FakeToken], FakeToken]) -> None:
    token = use(FakeToken())
    uri = f"pkcs11:token=mail?module-path={MODULE}"
    open_store(StoreSource(StoreFormat.AUTO, None, uri.encode(), PIN.decode(), WHAT))
    assert len(token.opened_with) == 1


def test_a_keypad_is_used_where_there_is_no_pin(use: Callable[[FakeToken], FakeToken]) -> None:
    token = use(FakeToken())
    token.flags = 1 | 2 | 4
    open_token(MODULE.encode(), b"", WHAT)
    token.flags = 1
    open_token(MODULE.encode(), b"", WHAT)
    assert token.opened_with == ["keypad", None]
    token.flags = 1 | 4
    with pytest.raises(CertificateError, match="it wants a PIN"):
        open_token(MODULE.encode(), b"", WHAT)


@pytest.mark.parametrize(
    ("failure", "text"),
    [
        (type("PinLocked", (RuntimeError,), {})(), "the PIN is locked"),
        (type("DeviceError", (RuntimeError,), {})("x" * 5000), "DeviceError x{300}\\.$"),
        (ValueError("odd"), "ValueError odd"),
    ],
)
def test_whatever_a_module_raises_is_translated(
    use: Callable[[FakeToken], FakeToken], failure: Exception, text: str
) -> None:
    use(FakeToken()).failure = failure
    with pytest.raises(CertificateError, match=text) as caught:
        open_token(MODULE.encode(), PIN, WHAT)
    assert caught.value.code is ErrorCode.CANNOT_OPEN_STORE


def token_key(label: str = "alice") -> TokenKey:
    return TokenKey(TokenAddress(MODULE), PIN, WHAT, b"\1", label)


def test_pkcs1_goes_to_the_token_as_a_digest_info(use: Callable[[FakeToken], FakeToken]) -> None:
    token = use(FakeToken([PRIVATE]))
    key = TokenRSAKey(token_key(), rsa_key().public_key())
    digest = bytes(32)
    # RFC 8017 9.2, note 1
    prefix = bytes.fromhex("3031300d060960864801650304020105000420")
    assert key.sign(digest, PKCS1v15(), Prehashed(hashes.SHA256())) == b"\1" * 64
    assert token.signed == [(prefix + digest, "RSA_PKCS", None)]


def test_a_key_without_a_label_is_found_by_its_id(use: Callable[[FakeToken], FakeToken]) -> None:
    use(FakeToken([{name: value for name, value in PRIVATE.items() if name != "LABEL"}]))
    assert TokenRSAKey(token_key(""), rsa_key().public_key()).sign(b"x", PKCS1v15(), hashes.SHA256())


def test_a_digest_longer_than_the_curve_is_cut_off(use: Callable[[FakeToken], FakeToken]) -> None:
    token = use(FakeToken([{**PRIVATE, "KEY_TYPE": "EC"}]))
    key = TokenECKey(token_key(), ec.generate_private_key(ec.SECP256R1()).public_key())
    key.sign(bytes(range(64)), ec.ECDSA(Prehashed(hashes.SHA512())))
    assert token.signed == [(bytes(range(32)), "ECDSA", None)]


def test_a_key_that_has_gone_is_explained(use: Callable[[FakeToken], FakeToken]) -> None:
    use(FakeToken([PRIVATE]))
    with pytest.raises(CertificateError, match="its private key is no longer there"):
        TokenRSAKey(token_key("bob"), rsa_key().public_key()).sign(b"x", PKCS1v15(), hashes.SHA256())


def test_the_token_decrypts(use: Callable[[FakeToken], FakeToken]) -> None:
    token = use(FakeToken([PRIVATE]))
    key = TokenRSAKey(token_key(), rsa_key().public_key())
    assert key.decrypt(b"good", PKCS1v15()) == b"plain"
    assert key.decrypt(b"good", OAEP(MGF1(hashes.SHA1()), hashes.SHA256(), b"label")) == b"plain"
    assert token.signed == [
        (b"good", "RSA_PKCS", None),
        (b"good", "RSA_PKCS_OAEP", ("SHA256", "SHA1", b"label")),
    ]


def test_whatever_a_token_says_of_a_ciphertext_is_one_error(use: Callable[[FakeToken], FakeToken]) -> None:
    use(FakeToken([PRIVATE]))
    key = TokenRSAKey(token_key(), rsa_key().public_key())
    refusals = set()
    for name in (b"EncryptedDataInvalid", b"EncryptedDataLenRange", b"GeneralError", b"DeviceError", b"FunctionFailed"):
        with pytest.raises(ValueError, match="decryption failed") as caught:
            key.decrypt(name, PKCS1v15())
        refusals.add((str(caught.value), caught.value.__cause__, caught.value.__context__))
    assert len(refusals) == 1
    for name in (b"TokenNotPresent", b"MechanismInvalid"):
        with pytest.raises(CertificateError):
            key.decrypt(name, PKCS1v15())


def test_a_token_keeps_its_key() -> None:
    public = rsa_key().public_key()
    key = TokenRSAKey(token_key(), public)
    assert (key.key_size, key.public_key()) == (public.key_size, public)
    oaep = OAEP(MGF1(hashes.SHA256()), hashes.SHA256(), None)
    for refused in (lambda: key.decrypt(b"", MGF1), lambda: key.sign(b"", oaep, hashes.SHA256())):
        with pytest.raises(UnsupportedAlgorithm):
            refused()
    for kept in (key.private_bytes, key.private_numbers):
        with pytest.raises(TypeError, match="does not leave its token"):
            kept()
    assert "7361" not in repr(token_key())
