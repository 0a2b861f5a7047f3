"""The tables of docs/smime-readers.md: every way to sign and to encrypt, from here to every foreign reader and back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from interop.authority import Authority, Identity
from interop.judges import facts, mime
from interop.judges.gaps import Gap, gap_of
from interop.judges.judge import Encryption, Judge, Result, Signature
from interop.judges.ours import Ours
from interop.judges.rounds import Readings, Way, read, written_by_others
from interop.judges.tables import NONE, YES, Cell, Notes, table
from interop.judges.ways import algorithm, encryption_ways, scheme, signature_ways

pytestmark = pytest.mark.interop

PAGE = Path(__file__).parents[2] / "docs/smime-readers.md"
TEXT = b"signed text\r\n"
ENTITY = b"Content-Type: text/plain\r\n\r\n" + TEXT

REFUSALS = {"10194", "20008"}
"""What this library says to an algorithm that it does not take with this key, and to a kind of key that it lacks."""


def written(ways: Iterable[Way], write: Callable[[Way], Result]) -> dict[Way, bytes]:
    """The messages of the ways that this library goes."""
    messages = {}
    for way in ways:
        result = write(way)
        if result.ok:
            messages[way] = result.content
        else:
            assert result.report.partition(":")[0] in REFUSALS, (way, result.report)
    return messages


@pytest.fixture(scope="module")
def ours(ca: Authority) -> Ours:
    return Ours(ca)


@pytest.fixture(scope="module")
def signed(ours: Ours, people: dict[str, Identity]) -> dict[Signature, bytes]:
    return written(signature_ways(), lambda way: ours.sign(ENTITY, people[way.key], way))


@pytest.fixture(scope="module")
def encrypted(ours: Ours, people: dict[str, Identity]) -> dict[Encryption, bytes]:
    return written(encryption_ways(), lambda way: ours.encrypt(ENTITY, people[way.key], way))


@pytest.fixture(scope="module")
def signed_by_others(judges, people) -> dict[Signature, dict[str, bytes]]:
    """Each way with the messages of those who go it; the others may have gone another way without a word."""

    def write(judge: Judge, way: Signature) -> bytes:
        result = judge.sign(ENTITY, people[way.key], way)
        return result.content if result.ok and facts.is_signed(result.content, way) else b""

    return written_by_others(signature_ways(), judges, write)


@pytest.fixture(scope="module")
def encrypted_by_others(judges, people) -> dict[Encryption, dict[str, bytes]]:
    def write(judge: Judge, way: Encryption) -> bytes:
        result = judge.encrypt(ENTITY, people[way.key], way)
        return result.content if result.ok and facts.is_encrypted(result.content, way) else b""

    return written_by_others(encryption_ways(), judges, write)


@pytest.fixture(scope="module")
def verifiers(judges: dict[str, Judge]) -> dict[str, Callable[[Signature, bytes], Result]]:
    able = {name: judge for name, judge in judges.items() if type(judge).verify is not Judge.verify}
    return {name: lambda way, message, judge=judge: judge.verify(message) for name, judge in able.items()}


@pytest.fixture(scope="module")
def decrypters(
    judges: dict[str, Judge], people: dict[str, Identity]
) -> dict[str, Callable[[Encryption, bytes], Result]]:
    able = {name: judge for name, judge in judges.items() if type(judge).decrypt is not Judge.decrypt}
    return {
        name: lambda way, message, judge=judge: judge.decrypt(message, people[way.key]) for name, judge in able.items()
    }


@pytest.fixture(scope="module")
def verified(signed, verifiers) -> Readings[Signature]:
    return read(signed, verifiers)


@pytest.fixture(scope="module")
def decrypted(encrypted, decrypters) -> Readings[Encryption]:
    return read(encrypted, decrypters)


def test_every_message_is_made_the_way_that_was_asked_for(signed, encrypted):
    assert [way for way, message in signed.items() if not facts.is_signed(message, way)] == []
    assert [way for way, message in encrypted.items() if not facts.is_encrypted(message, way)] == []


def test_who_reads_a_message_reads_its_text(verified, decrypted):
    for way, results in (verified | decrypted).items():
        without_content = isinstance(way, Signature) and way.detached  # some readers then give none out
        for name, result in results.items():
            if result.ok and not (without_content and not result.content):
                assert result.content.endswith(TEXT), (way, name)


def forged(message: bytes) -> bytes:
    if mime.is_detached(message):
        return message.replace(TEXT, b"forged text\r\n")
    return mime.opaque(mime.structure(message).replace(TEXT, b"forged text\r\n"), "signed-data")


def test_who_verifies_a_signature_refuses_another_text_under_it(signed, verified, verifiers):
    again = read({way: forged(message) for way, message in signed.items()}, verifiers)
    accepted = [(way, name) for way, results in again.items() for name, result in results.items() if result.ok]
    assert accepted == []


def test_who_decrypts_an_authenticated_message_refuses_another_tag(encrypted, decrypted, decrypters):
    changed = {}
    for way, message in encrypted.items():
        if "GCM" in way.cipher:
            structure = bytearray(mime.structure(message))
            structure[-1] ^= 1
            changed[way] = mime.opaque(bytes(structure), "authEnveloped-data")
    again = read(changed, decrypters)
    assert [(way, name) for way, results in again.items() for name, result in results.items() if result.ok] == []


def gaps(readings: Readings[Way]) -> dict[tuple[Way, str], Gap]:
    return {
        (way, name): gap_of(name, result)
        for way, results in readings.items()
        for name, result in results.items()
        if not result.ok
    }


def test_every_gap_is_the_readers_own_for_it_reads_nobody_elses_message_either(
    verified, decrypted, verifiers, decrypters, signed_by_others, encrypted_by_others
):
    accepted = []
    for found, readers, others in (
        (gaps(verified), verifiers, signed_by_others),
        (gaps(decrypted), decrypters, encrypted_by_others),
    ):
        for way, name in found:
            writer, message = next(iter(others[way].items()), ("", b""))
            if message and readers[name](way, message).ok:
                accepted.append((way, name, writer))
    assert accepted == []


def test_somebody_else_reads_every_way(verified, decrypted):
    unread = {scheme(way) for way, results in (verified | decrypted).items() if not any(r.ok for r in results.values())}
    assert unread <= {"X25519"}  # RFC 8418 is known to no program of Debian 12


def signature_cells(verified: Readings[Signature], names: Iterable[str]) -> dict[tuple[str, str], list[Cell]]:
    """One row for the two forms, which a cell tells apart only where it has to."""
    rows: dict[tuple[str, str], list[Cell]] = {}
    for way, results in verified.items():
        if not way.detached:
            continue
        other = verified[Signature(way.key, way.digest, way.pss, detached=False)]
        cells = []
        for name in names:
            one, two = results[name], other[name]
            if one.ok != two.ok:
                cells.append("detached only" if one.ok else "opaque only")
            else:
                cells.append(YES if one.ok else gap_of(name, one))
        rows[scheme(way), algorithm(way)] = cells
    return rows


def encryption_cells(decrypted: Readings[Encryption], names: Iterable[str]) -> dict[tuple[str, str], list[Cell]]:
    return {
        (scheme(way), algorithm(way)): [YES if results[name].ok else gap_of(name, results[name]) for name in names]
        for way, results in decrypted.items()
    }


@pytest.fixture(scope="module")
def read_here(ours, people) -> Callable[[Way, bytes], Result]:
    """What this library makes of a message."""

    def read_one(way: Way, message: bytes) -> Result:
        person = people[way.key]
        if isinstance(way, Encryption):
            return ours.decrypt(message, person)
        return ours.verify(b"From: " + person.email.encode() + b"\r\n" + message)

    return read_one


@pytest.fixture(scope="module")
def read_from_others(read_here, signed_by_others, encrypted_by_others) -> dict[Way, dict[str, Result]]:
    others = signed_by_others | encrypted_by_others
    return {way: {name: read_here(way, each) for name, each in found.items()} for way, found in others.items()}


def test_what_is_written_here_is_read_here(read_here, signed, encrypted):
    for way, message in (signed | encrypted).items():
        result = read_here(way, message)
        assert result.content.endswith(TEXT) if result.ok else gap_of(Ours.name, result), way


def test_what_others_write_is_read(read_from_others):
    for way, results in read_from_others.items():
        for name, result in results.items():
            assert result.content == ENTITY if result.ok else gap_of(Ours.name, result), (way, name)


def test_what_others_sign_is_refused_with_another_text(read_here, signed_by_others):
    accepted = [
        (way, name)
        for way, messages in signed_by_others.items()
        for name, message in messages.items()
        if read_here(way, forged(message)).ok
    ]
    assert accepted == []


def cells_of_others(readings: dict[Way, dict[str, Result]], names: Iterable[str], kind: type) -> dict:
    """As the other tables; a dash where the program does not write it."""
    rows: dict[tuple[str, str], list[Cell]] = {}
    for way, results in readings.items():
        if not isinstance(way, kind) or not results:
            continue
        cells = [_cell_of_others(results.get(name)) for name in names]
        other = rows.setdefault((scheme(way), algorithm(way)), cells)
        assert other == cells, f"detached and opaque differ: {way}"
    return rows


def _cell_of_others(result: Result | None) -> Cell:
    if result is None:
        return NONE
    return YES if result.ok else gap_of(Ours.name, result)


def test_the_tables_in_the_documentation_are_what_the_judges_do(
    verified, decrypted, verifiers, decrypters, read_from_others, judges, request: pytest.FixtureRequest
):
    notes = Notes()
    encrypters = [name for name, judge in judges.items() if type(judge).encrypt is not Judge.encrypt]
    made = {
        "signatures": table(["key", "digest", *verifiers], signature_cells(verified, verifiers), notes),
        "encryption": table(["key", "cipher", *decrypters], encryption_cells(decrypted, decrypters), notes),
        "signatures of others": table(
            ["key", "digest", *judges], cells_of_others(read_from_others, judges, Signature), notes
        ),
        "encryption of others": table(
            ["key", "cipher", *encrypters], cells_of_others(read_from_others, encrypters, Encryption), notes
        ),
    }
    made["notes"] = notes.text()
    page = PAGE.read_text(encoding="utf-8")
    expected = page
    for name, text in made.items():
        start, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->\n"
        before, _, rest = expected.partition(start)
        _, _, after = rest.partition(end)
        expected = f"{before}{start}\n{text}\n{end}{after}"
    if request.config.getoption("--write-table"):
        PAGE.write_text(expected, encoding="utf-8")
        page = expected
    assert page == expected
