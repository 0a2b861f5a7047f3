"""ssmtp-compat decrypt: stores, passwords, and a result that is there whole or not at all."""

from __future__ import annotations

import base64
import getpass
import json
import os
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)

from ssmtp_compat.cli.read_options import STORE_TYPES
from ssmtp_compat.pki.stores.opening import StoreFormat
from unit.cli.conftest import NOBODY, Run, status_for_nobody
from unit.pki.authority import Issued, issue, name, rsa_key
from unit.smime import forge
from unit.smime.forge import CONTENT, cbc, enveloped, key_transport

SECRET = "Schlüssel zum Glück"


@pytest.fixture(scope="session")
def bob() -> Issued:
    return issue(name(("CN", "Bob")), rsa_key(2))


@pytest.fixture
def message(bob: Issued) -> bytes:
    return forge.opaque(enveloped(key_transport(bob), encrypted=cbc()))


PLAIN = b"From: Alice <alice@example.test>\r\nSubject: Lunch\r\nMIME-Version: 1.0\r\n" + CONTENT


@pytest.fixture
def pfx(bob: Issued, tmp_path: Path) -> str:
    path = tmp_path / "bob.pfx"
    encryption = BestAvailableEncryption(SECRET.encode())
    path.write_bytes(pkcs12.serialize_key_and_certificates(b"bob", bob.key, bob.x509, None, encryption))
    return str(path)


def pem(bob: Issued, directory: Path, encryption=None) -> str:
    path = directory / "bob.pem"
    key = bob.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption())
    path.write_bytes(bob.certificate.pem() + key)
    return str(path)


def no_prompt(prompt: str) -> str:
    raise AssertionError(prompt)


def test_a_message_is_decrypted_with_a_pem_store_without_a_password(
    run: Run, bob: Issued, message: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(getpass, "getpass", no_prompt)
    outcome = run("decrypt", "-", "--store", pem(bob, tmp_path), stdin=message)
    assert (outcome.status, outcome.out.encode()) == (0, PLAIN)
    assert outcome.err == "the content is not authenticated: anybody on the way may have changed it\n"


@pytest.mark.parametrize(("nobody", "status"), list(zip(NOBODY, (65, 65, 0, 0, 1), strict=True)))
def test_what_cannot_be_written_is_no_success(bob: Issued, message: bytes, tmp_path: Path, nobody: str, status: int):
    (tmp_path / "message.eml").write_bytes(message)
    assert status_for_nobody(nobody, "decrypt", str(tmp_path / "message.eml"), "--store", pem(bob, tmp_path)) == status


def test_the_password_comes_from_a_file_the_environment_or_the_terminal(
    run: Run, bob: Issued, pfx: str, message: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    encrypted = pem(bob, tmp_path, BestAvailableEncryption(SECRET.encode()))
    secret = tmp_path / "secret"
    for line_end in ("", "\n", "\r\n", "\nsecond line"):
        secret.write_bytes((SECRET + line_end).encode())
        for store in (pfx, encrypted):
            assert run("decrypt", "-", "--store", store, "--password-file", str(secret), stdin=message).status == 0
    prompts: list[str] = []
    monkeypatch.setattr(getpass, "getpass", lambda prompt: prompts.append(prompt) or SECRET)
    assert run("decrypt", "-", "--store", pfx, stdin=message).status == 0
    assert prompts == [f"Password of {pfx}: "]
    monkeypatch.setattr(getpass, "getpass", no_prompt)
    monkeypatch.setenv("SSMTP_STORE_PASSWORD", SECRET)
    for store_type in ((), ("--store-type", "pfx")):
        assert run("decrypt", "-", "--store", pfx, *store_type, stdin=message).status == 0
    assert run("decrypt", "-", "--store", pfx, "--store-type", "pem", stdin=message).status == 65


def test_without_a_terminal_the_store_says_what_is_missing(
    run: Run, pfx: str, message: bytes, monkeypatch: pytest.MonkeyPatch
):
    def no_terminal(prompt: str) -> str:
        raise EOFError

    monkeypatch.setattr(getpass, "getpass", no_terminal)
    outcome = run("decrypt", "-", "--store", pfx, stdin=message)
    assert outcome.status == 65
    assert "needs a password, and none was given" in outcome.err


def test_every_kind_of_store_that_can_have_a_private_key_is_offered():
    without = {StoreFormat.PUBLIC, StoreFormat.P7B, StoreFormat.SSH_PUBLIC, StoreFormat.ANY}
    assert set(STORE_TYPES) == {store_format.name.lower() for store_format in set(StoreFormat) - without}


def number(value: int) -> bytes:
    return base64.b64encode(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def jwk(bob: Issued) -> bytes:
    numbers = bob.key.private_numbers()
    public = numbers.public_numbers
    members = {"n": public.n, "e": public.e, "d": numbers.d, "p": numbers.p, "q": numbers.q}
    key: dict[str, object] = {
        name: number(value).decode().translate({43: "-", 47: "_"}).rstrip("=") for name, value in members.items()
    }
    return json.dumps({"kty": "RSA", **key, "x5c": [base64.b64encode(bob.certificate.der).decode()]}).encode()


def xml(bob: Issued) -> bytes:
    numbers = bob.key.private_numbers()
    public = numbers.public_numbers
    members = {"Modulus": public.n, "Exponent": public.e, "D": numbers.d, "P": numbers.p, "Q": numbers.q}
    return b"<RSAKeyValue>%s</RSAKeyValue>" % b"".join(
        b"<%s>%s</%s>" % (name.encode(), number(value), name.encode()) for name, value in members.items()
    )


def test_the_content_of_a_store_says_what_it_is(
    run: Run, bob: Issued, message: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(getpass, "getpass", no_prompt)
    store = tmp_path / "a store"
    certificate = tmp_path / "bob.cer"
    certificate.write_bytes(bob.certificate.der)
    for kind, content, more in (("jwk", jwk(bob), ()), ("xml", xml(bob), ("--certificate", str(certificate)))):
        store.write_bytes(content)
        for store_type in ((), ("--store-type", kind), ("--store-type", "auto")):
            outcome = run("decrypt", "-", "--store", str(store), *more, *store_type, stdin=message)
            assert (outcome.status, outcome.out.encode()) == (0, PLAIN), outcome.err
        with monkeypatch.context() as context:
            context.setenv("SSMTP_STORE_PASSWORD", "x")
            assert run("decrypt", "-", "--store", str(store), *more, "--store-type", "jks", stdin=message).status == 65


def test_a_key_without_its_certificate_says_how_that_is_given(run: Run, bob: Issued, message: bytes, tmp_path: Path):
    store = tmp_path / "bob.xml"
    store.write_bytes(xml(bob))
    outcome = run("decrypt", "-", "--store", str(store), stdin=message)
    assert outcome.status == 65
    assert "2048-bit RSA private key without a certificate; give its certificate with --certificate." in outcome.err


def test_the_address_of_a_token_is_one_and_is_not_shown(run: Run, message: bytes, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SSMTP_STORE_PASSWORD", "1234")
    uri = f"pkcs11:token=bob;pin-value=hunter2?module-path={__file__}"
    for store_type in ((), ("--store-type", "pkcs11")):
        outcome = run("decrypt", "-", "--store", uri, *store_type, stdin=message)
        assert outcome.status == 65
        assert "--store the token: " in outcome.err
        assert "the PIN belongs into the password of the store" in outcome.err
        assert "hunter2" not in outcome.err


def test_the_result_is_a_file_that_only_its_owner_reads(run: Run, bob: Issued, message: bytes, tmp_path: Path):
    store = pem(bob, tmp_path)
    target = tmp_path / "plain.eml"
    source = tmp_path / "message.eml"
    source.write_bytes(message)
    target.write_bytes(b"before")
    assert run("decrypt", str(source), "--store", store, "--output", str(target)).status == 0
    assert target.read_bytes() == PLAIN
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_a_pipe_or_a_device_is_written_to_and_not_replaced(run: Run, bob: Issued, message: bytes, tmp_path: Path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    (tmp_path / "link").symlink_to(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        outcome = run("decrypt", "-", "--store", pem(bob, tmp_path), "--output", str(tmp_path / "link"), stdin=message)
        assert outcome.status == 0
        assert os.read(reader, 65536) == PLAIN
    finally:
        os.close(reader)
    assert pipe.is_fifo()
    assert (tmp_path / "link").is_symlink()


def test_a_link_leads_to_the_file_that_is_meant(run: Run, bob: Issued, message: bytes, tmp_path: Path):
    (tmp_path / "link").symlink_to(tmp_path / "letter.eml")
    for _ in range(2):
        outcome = run("decrypt", "-", "--store", pem(bob, tmp_path), "--output", str(tmp_path / "link"), stdin=message)
        assert outcome.status == 0
        assert (tmp_path / "letter.eml").read_bytes() == PLAIN
        assert (tmp_path / "link").is_symlink()


def test_a_link_that_the_system_does_not_follow_is_not_followed(
    run: Run, bob: Issued, message: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Somebody else's in /tmp, where Linux has fs.protected_symlinks. Path.exists hides that from Python 3.14 on."""
    store, link, victim = pem(bob, tmp_path), tmp_path / "link", tmp_path / "victim"
    victim.write_bytes(b"before")
    link.symlink_to(victim)

    def protected(path: object, stat=os.stat, **options: object) -> os.stat_result:
        if str(path) == str(link) and options.get("follow_symlinks", True):
            raise PermissionError(13, "Permission denied")
        return stat(path, **options)

    monkeypatch.setattr(os, "stat", protected)
    monkeypatch.setattr(Path, "exists", os.path.exists)
    outcome = run("decrypt", "-", "--store", store, "--output", str(link), stdin=message)
    assert outcome.status == 65
    assert "Permission denied" in outcome.err
    assert victim.read_bytes() == b"before"


def test_a_failure_leaves_the_file_that_was_there_and_none_beside_it(
    run: Run, bob: Issued, message: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    store = pem(bob, tmp_path)
    target = tmp_path / "plain.eml"
    target.write_bytes(b"before")
    broken = message.replace(b"MIME-Version", b"X: y\r\nContent-Type: text/plain\r\nMIME-Version")
    assert run("decrypt", "-", "--store", store, "--output", str(target), stdin=broken).status == 65

    def no_space(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", no_space)
    outcome = run("decrypt", "-", "--store", store, "--output", str(target), stdin=message)
    assert outcome.status == 65
    assert "No space left" in outcome.err
    assert target.read_bytes() == b"before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bob.pem", "plain.eml"]


def test_wrong_data_is_65_and_shows_no_secret(
    run: Run, bob: Issued, pfx: str, message: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    store = pem(bob, tmp_path)
    certificate_only = tmp_path / "certificate.pem"
    certificate_only.write_bytes(bob.certificate.pem())
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe")
    stranger = forge.opaque(enveloped(key_transport(issue(name(("CN", "C")), rsa_key(3))), encrypted=cbc()))
    monkeypatch.setenv("SSMTP_STORE_PASSWORD", "not the secret")
    for arguments, stdin, text in (
        (("--store", pfx), message, "--store"),
        (("--store", store), stranger, "10197: "),
        (("--store", store), b"Subject: x\r\n\r\nHello\r\n", "10193: "),
        (("--store", str(certificate_only)), message, "10197: "),
        (("--store", str(tmp_path / "missing")), message, "--store"),
        (("--store", pfx, "--password-file", str(tmp_path / "missing")), message, "--password-file"),
        (("--store", pfx, "--password-file", str(binary)), message, "--password-file"),
    ):
        outcome = run("decrypt", "-", *arguments, stdin=stdin)
        assert (outcome.status, outcome.out) == (65, ""), arguments
        assert text in outcome.err
        assert outcome.err.count("\n") == 1
        assert "not the secret" not in outcome.err


def test_wrong_usage_is_64(run: Run, message: bytes):
    for arguments in (
        ("decrypt", "-"),
        ("decrypt", "--store", "x"),
        ("decrypt", "-", "--store", "x", "--store-type", "y"),
    ):
        assert run(*arguments, stdin=message).status == 64
