"""The foreign readers of S/MIME work here and now, and refuse what has to be refused: else they would be no judges."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from interop.authority import Authority, Identity
from interop.judges import mime
from interop.judges.bouncy_castle import BouncyCastle
from interop.judges.gpgsm import Gpgsm
from interop.judges.judge import Encryption, Judge, Signature
from interop.judges.openssl import OpenSSL
from interop.judges.php import start_php
from interop.packages import JAVA_LIBRARIES
from interop.processes import processes_naming, require, run, server_directory, wait_until

pytestmark = pytest.mark.interop

ENTITY = b"Content-Type: text/plain\r\n\r\nsigned text\r\n"
DETACHED, OPAQUE = Signature("RSA", "SHA256"), Signature("RSA", "SHA256", detached=False)

VERIFIERS = (
    "openssl cms",
    "gpgsm",
    "NSS cmsutil",
    "GnuTLS certtool",
    "PHP openssl_cms_*",
    "PHP openssl_pkcs7_*",
    "BouncyCastle",
)
NO_CONTENT = {("gpgsm", DETACHED), ("GnuTLS certtool", DETACHED)}
"""They verify without giving out what was signed."""
DECRYPTERS = (*(name for name in VERIFIERS if name != "GnuTLS certtool"), "cryptography pkcs7")
WRITERS = (*VERIFIERS, "cryptography pkcs7")


def forged(message: bytes) -> bytes:
    """The message with another content under the same signature."""
    if mime.is_detached(message):
        return message.replace(b"signed text", b"forged text")
    return mime.opaque(mime.structure(message).replace(b"signed text", b"forged text"), "signed-data")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    """Somebody whose certificate nobody has issued."""
    directory = tmp_path_factory.mktemp("stranger")
    person = Identity(directory / "certificate", directory / "key", "stranger@example.test")
    pair = ("-newkey", "rsa:2048", "-nodes", "-keyout", person.key, "-out", person.certificate)
    usage = ("-addext", "basicConstraints=CA:FALSE", "-addext", "subjectAltName=email:stranger@example.test")
    run("openssl", "req", "-x509", *pair, "-subj", "/CN=stranger", *usage)
    return person


@pytest.mark.parametrize("way", [DETACHED, OPAQUE], ids=["detached", "opaque"])
@pytest.mark.parametrize("name", VERIFIERS)
def test_each_reads_a_signature_and_refuses_a_forged_text_and_a_stranger(
    judges: dict[str, Judge],
    openssl_cms: OpenSSL,
    people: dict[str, Identity],
    stranger: Identity,
    name: str,
    way: Signature,
):
    judge = judges[name]
    message = openssl_cms.sign(ENTITY, people["RSA"], way).content
    good = judge.verify(message)
    assert good.ok, good.report
    assert good.content == (b"" if (name, way) in NO_CONTENT else ENTITY)
    unknown = openssl_cms.sign(ENTITY, stranger, way).content
    for bad in (forged(message), unknown):
        refused = judge.verify(bad)
        assert not refused.ok
        assert refused.content == b""
        assert refused.report


@pytest.mark.parametrize("name", DECRYPTERS)
def test_each_decrypts_for_the_recipient_and_for_nobody_else(
    judges: dict[str, Judge], openssl_cms: OpenSSL, people: dict[str, Identity], stranger: Identity, name: str
):
    judge, person, way = judges[name], people["RSA"], Encryption("RSA", "AESCBC128")
    message = openssl_cms.encrypt(ENTITY, person, way).content
    good = judge.decrypt(message, person)
    assert good.ok, good.report
    assert good.content == ENTITY
    assert not judge.decrypt(openssl_cms.encrypt(ENTITY, stranger, way).content, person).ok
    changed = bytearray(mime.structure(message))
    changed[-17] ^= 1  # in the last block but one, so the padding may stay in order
    assert judge.decrypt(mime.opaque(bytes(changed), "enveloped-data"), person).content != ENTITY


@pytest.mark.parametrize("kind", ["RSA", "P-256"])
@pytest.mark.parametrize("name", ["openssl cms", "PHP openssl_cms_*", "BouncyCastle"])
def test_a_changed_tag_is_refused(
    judges: dict[str, Judge], openssl_cms: OpenSSL, people: dict[str, Identity], name: str, kind: str
):
    message = openssl_cms.encrypt(ENTITY, people[kind], Encryption(kind, "AESGCM128")).content
    assert judges[name].decrypt(message, people[kind]).content == ENTITY
    changed = bytearray(mime.structure(message))
    changed[-1] ^= 1
    assert not judges[name].decrypt(mime.opaque(bytes(changed), "authEnveloped-data"), people[kind]).ok


@pytest.mark.parametrize("way", [DETACHED, OPAQUE], ids=["detached", "opaque"])
@pytest.mark.parametrize("name", WRITERS)
def test_each_signs_what_another_verifies(
    judges: dict[str, Judge], openssl_cms: OpenSSL, people: dict[str, Identity], name: str, way: Signature
):
    written = judges[name].sign(ENTITY, people["RSA"], way)
    assert written.ok, written.report
    read = openssl_cms.verify(written.content)
    assert read.ok, read.report
    assert read.content == ENTITY


@pytest.mark.parametrize("name", DECRYPTERS)
def test_each_encrypts_what_another_decrypts(
    judges: dict[str, Judge], openssl_cms: OpenSSL, people: dict[str, Identity], name: str
):
    written = judges[name].encrypt(ENTITY, people["RSA"], Encryption("RSA", "AESCBC256"))
    assert written.ok, written.report
    assert openssl_cms.decrypt(written.content, people["RSA"]).content == ENTITY


def test_what_a_program_has_no_command_for_is_a_failure(judges: dict[str, Judge], people: dict[str, Identity]):
    result = judges["GnuTLS certtool"].decrypt(b"", people["RSA"])
    assert not result.ok
    assert result.report == "GnuTLS certtool cannot decrypt"


@pytest.fixture(params=["gpgsm", "php", "java"])
def running(request: pytest.FixtureRequest, ca: Authority) -> Iterator[tuple[Path, object]]:
    """A directory, and a judge with a process of its own there."""
    require(request.param, plugins=JAVA_LIBRARIES if request.param == "java" else ())
    starts = {
        "gpgsm": lambda directory: Gpgsm(directory, ca, [ca.alice]),
        "php": start_php,
        "java": lambda directory: BouncyCastle(directory, ca),
    }
    with server_directory(request.param) as directory:
        yield directory, starts[request.param](directory)


def test_the_process_of_a_judge_goes_with_it(running):
    directory, judge = running
    wait_until(lambda: processes_naming(directory), "its process")
    judge.stop()
    wait_until(lambda: not processes_naming(directory), "its process to end")
