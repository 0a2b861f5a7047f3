from __future__ import annotations

import os
import threading
import traceback
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.errors import CertificateError
from ssmtp_compat.pki.stores import opening
from ssmtp_compat.pki.stores.entries import Store
from ssmtp_compat.pki.stores.opening import StoreFormat, StoreSource, open_store
from unit.pki.authority import Issued


def of_path(path: Path | str, password: str = "") -> StoreSource:
    return StoreSource(StoreFormat.PEM, str(path), None, password, "the signer's store")


def of_content(content: bytes, password: str = "") -> StoreSource:
    return StoreSource(StoreFormat.PEM, None, content, password, "the signer's store")


@pytest.fixture
def pem(alice: Issued) -> bytes:
    key = alice.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return key + alice.certificate.pem()


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[tuple[bytes, bytes, str]]:
    """Every call that really decodes a store; the cache is empty at the start."""
    calls: list[tuple[bytes, bytes, str]] = []

    def opener(content: bytes, password: bytes, what: str) -> Store:
        calls.append((content, password, what))
        return Store(())

    monkeypatch.setattr(opening, "_OPENERS", {StoreFormat.PEM: opener, StoreFormat.PFX: opener})
    monkeypatch.setattr(opening, "_cache", type(opening._cache)())
    return calls


def test_a_file_and_its_content_hold_the_same(alice: Issued, pem: bytes, tmp_path: Path) -> None:
    path = tmp_path / "alice.pem"
    path.write_bytes(pem)
    for source in (of_path(path), of_content(pem)):
        assert open_store(source).entries[0].certificate == alice.certificate


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    large = tmp_path / "large.pem"
    large.touch()
    os.truncate(large, opening.MAXIMUM_SIZE + 1)
    for path, text in (
        (tmp_path / "missing.pfx", "cannot be read: No such file"),
        (tmp_path, "is a directory"),
        (large, "16777217 octets long"),
        (os.devnull, "not a regular file"),
        (tmp_path / "file.pem" / "inside", "cannot be read"),
        ("", "No file is named"),
        ("pem-secret" * 103, "1030 characters look like the content"),
        ("a\0b", "the name cannot be used"),
        (r"\\server\share\a.pfx", "local file"),
        ("http://example.test/a.pfx", "local file"),
    ):
        with pytest.raises(CertificateError, match=text) as caught:
            open_store(of_path(path, "pem-secret"))
        assert caught.value.code is ErrorCode.CANNOT_OPEN_STORE
        assert "the signer's store" in caught.value.message
        assert "secret" not in caught.value.message


def test_a_key_in_the_place_of_a_path_is_not_shown_with_the_cause_of_the_error_either() -> None:
    with pytest.raises(CertificateError, match="What the signer's store holds cannot be read") as caught:
        open_store(of_path("MC4CAQAw" + "secret" * 8))
    assert "secret" not in "".join(traceback.format_exception(caught.value)).replace('secret" * 8', "")


def test_a_file_that_may_not_be_read_is_named(pem: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "closed.pem"
    path.write_bytes(pem)

    def refuse(self: Path, mode: str) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(CertificateError, match=r"closed\.pem.*Permission denied"):
        open_store(of_path(path))


def test_a_password_that_cannot_be_encoded_is_refused() -> None:
    with pytest.raises(CertificateError, match="cannot be encoded"):
        open_store(of_content(b"x", "\ud800"))


def test_the_same_store_is_decoded_once(decoded: list[tuple[bytes, bytes, str]], tmp_path: Path) -> None:
    path = tmp_path / "a.pem"
    path.write_bytes(b"one")
    first = open_store(of_path(path, "x"))
    assert open_store(of_path(path, "x")) is first
    assert decoded == [(b"one", b"x", f"{str(path)!r} (the signer's store)")]
    content = open_store(of_content(b"one", "x"))
    assert open_store(of_content(b"one", "x")) is content
    assert len(decoded) == 2


def test_a_changed_file_password_or_content_is_decoded_anew(
    decoded: list[tuple[bytes, bytes, str]], tmp_path: Path
) -> None:
    path = tmp_path / "a.pem"
    path.write_bytes(b"one")
    open_store(of_path(path, "x"))
    open_store(of_path(path, "y"))
    path.write_bytes(b"other")
    open_store(of_path(path, "x"))
    path.write_bytes(b"third")
    os.utime(path, ns=(1, 1))
    open_store(of_path(path, "x"))
    open_store(of_content(b"one"))
    open_store(of_content(b"two"))
    assert len(decoded) == 6


def test_a_file_replaced_by_one_as_long_and_as_old_is_decoded_anew(
    decoded: list[tuple[bytes, bytes, str]], tmp_path: Path
) -> None:
    path, other = tmp_path / "a.pem", tmp_path / "b.pem"
    for file, content in ((path, b"one"), (other, b"two")):
        file.write_bytes(content)
        os.utime(file, ns=(1, 1))
    open_store(of_path(path))
    other.replace(path)
    open_store(of_path(path))
    assert [content for content, _, _ in decoded] == [b"one", b"two"]


def test_the_cache_is_bounded_and_keeps_what_is_used(decoded: list[tuple[bytes, bytes, str]]) -> None:
    for number in range(opening.CACHE_SIZE * 2):
        open_store(of_content(b"%d" % number))
        open_store(of_content(b"0"))
    assert len(opening._cache) == opening.CACHE_SIZE
    assert len(decoded) == opening.CACHE_SIZE * 2


def test_the_cache_holds_no_password(decoded: list[tuple[bytes, bytes, str]]) -> None:
    open_store(of_content(b"one", "pem-secret"))
    assert b"pem-secret" not in repr(opening._cache).encode()
    assert "pem-secret" not in repr(of_content(b"pem-secret", "pem-secret"))


def test_a_failure_is_not_remembered(pem: bytes, tmp_path: Path) -> None:
    path = tmp_path / "late.pem"
    with pytest.raises(CertificateError):
        open_store(of_path(path))
    path.write_bytes(pem)
    assert open_store(of_path(path)).entries


class PanicException(BaseException):
    """Named as what cryptography's Rust code raises, which has no module to import it from."""


@pytest.mark.parametrize("by_path", [False, True])
def test_a_panic_below_is_a_damaged_store(by_path: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failure: BaseException = PanicException("assertion failed")

    def opener(content: bytes, password: bytes, what: str) -> Store:
        raise failure

    monkeypatch.setattr(opening, "_OPENERS", {StoreFormat.PEM: opener})
    path = tmp_path / "a.pem"
    path.write_bytes(b"x")
    with pytest.raises(CertificateError, match=r"the signer's store.* is damaged"):
        open_store(of_path(path) if by_path else of_content(b"panic"))
    failure = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        open_store(of_path(path) if by_path else of_content(b"panic"))


def test_a_slow_store_does_not_hold_up_another(monkeypatch: pytest.MonkeyPatch) -> None:
    entered, release = threading.Event(), threading.Event()

    def opener(content: bytes, password: bytes, what: str) -> Store:
        if content == b"slow":
            entered.set()
            assert release.wait(10)
        return Store(())

    monkeypatch.setattr(opening, "_OPENERS", {StoreFormat.PEM: opener})
    monkeypatch.setattr(opening, "_cache", type(opening._cache)())
    thread = threading.Thread(target=open_store, args=(of_content(b"slow"),))
    thread.start()
    try:
        assert entered.wait(10)
        open_store(of_content(b"quick"))
        assert len(opening._cache) == 1
    finally:
        release.set()
        thread.join(10)
    assert len(opening._cache) == 2
