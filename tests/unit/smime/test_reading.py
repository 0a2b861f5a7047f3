"""The CMS object is found in a message, and the octets that were signed are those that came (checklist 27)."""

from __future__ import annotations

import pytest

from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.errors import SSMTPError
from ssmtp_compat.smime.reading import find_cms, with_outer_fields
from steps import steps
from unit.smime import forge
from unit.smime.forge import CONTENT

CMS = b"\x30\x82\x00\x05" + b"\x04\x03abc" * 50


def code_of(message: bytes) -> ErrorCode:
    with pytest.raises(SSMTPError) as caught:
        find_cms(message)
    return caught.value.code


def test_an_opaque_message():
    found = find_cms(forge.opaque(CMS))
    assert (found.cms, found.content) == (CMS, None)
    assert found.from_fields == ("Alice <alice@example.test>",)
    assert found.outer_fields == b"From: Alice <alice@example.test>\r\nSubject: Lunch\r\n"


def test_a_detached_message_gives_the_first_part_octet_for_octet():
    for content in (CONTENT, b"\r\n", b"\r\nno header\r\n", b"X: 1\r\n\r\n\xff\x00 odd octets \r \n", b""):
        found = find_cms(forge.detached(CMS, content))
        assert (found.cms, found.content) == (CMS, content)


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_stored_message_with_lf_is_read_in_its_canonical_form(end: bytes):
    message = forge.detached(CMS).replace(b"\r\n", end)
    assert find_cms(message).content == CONTENT
    assert find_cms(b"From alice@example.test Mon Jun  1 12:00:00 2026" + end + message).content == CONTENT


def test_bare_objects():
    assert find_cms(CMS).cms == CMS
    text = forge.opaque(CMS).partition(b"\r\n\r\n")[2]
    for label in (b"CMS", b"PKCS7", b"PKCS #7 SIGNED DATA", b"SIGNED MESSAGE", b"ENCRYPTED MESSAGE"):
        assert find_cms(b"-----BEGIN " + label + b"-----\n" + text + b"-----END " + label + b"-----\n").cms == CMS
    assert (
        code_of(b"-----BEGIN CERTIFICATE-----\n" + text + b"-----END CERTIFICATE-----\n") == ErrorCode.MESSAGE_DECODING
    )


@pytest.mark.parametrize(
    "field",
    [
        b"Content-Type: application/x-pkcs7-mime",
        b"content-type:APPLICATION/PKCS7-MIME;smime-type=signed-data",
        b'Content-Type: application/pkcs7-mime;\r\n\tname="smi\\"me.p7m" ; x=1;',
        b"Content-Type: application/octet-stream; name=smime.P7M",
        b"Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=smime.p7m",
    ],
)
def test_the_names_that_an_opaque_message_goes_by(field: bytes):
    message = forge.opaque(CMS).replace(b"Content-Type: application/pkcs7-mime; name=smime.p7m", field)
    assert find_cms(message).cms == CMS


def test_an_object_that_is_not_encoded():
    message = b"Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: binary\r\n\r\n" + CMS
    assert find_cms(message).cms == CMS


DAMAGED = [
    (b"Content-Type: application/pkcs7-mime; name=smime.p7m", b"Content-Type: text/plain", ErrorCode.MESSAGE_TYPE),
    (b"Content-Type: application/pkcs7-mime; name=smime.p7m\r\n", b"", ErrorCode.MESSAGE_TYPE),
    (b"application/pkcs7-mime; name", b"application/octet-stream; x", ErrorCode.MESSAGE_TYPE),
    (b"application/pkcs7-mime;", b"application;", ErrorCode.MESSAGE_DECODING),
    (b"name=smime.p7m", b"name=a; name=b", ErrorCode.MESSAGE_DECODING),
    (b"name=smime.p7m", b"name", ErrorCode.MESSAGE_DECODING),
    (b"name=smime.p7m", b'name="', ErrorCode.MESSAGE_DECODING),
    (b"MIME-Version: 1.0", b"Content-Type: text/plain", ErrorCode.MESSAGE_DECODING),
    (b"MIME-Version: 1.0", b"Content-Transfer-Encoding: 7bit", ErrorCode.MESSAGE_DECODING),
    (b"Encoding: base64", b"Encoding: rot13", ErrorCode.MESSAGE_DECODING),
    (b"\r\n\r\n", b"\r\n\r\n!", ErrorCode.MESSAGE_DECODING),
]


@pytest.mark.parametrize(("old", "new", "code"), DAMAGED, ids=range(len(DAMAGED)))
def test_what_is_ambiguous_or_damaged_is_an_error(old: bytes, new: bytes, code: ErrorCode):
    message = forge.opaque(CMS)
    assert old in message
    assert code_of(message.replace(old, new)) == code


@pytest.mark.parametrize(
    "line",
    [
        b"no field\r\n",
        b"no field: x\r\n",
        b": x\r\n",
        b"\xc3\xa4: x\r\n",
        b"X: y\nFrom: bob@example.test\r\n",
        b"X: y\rFrom: bob@example.test\r\n",
        b"X: y\r\r\n",
    ],
    ids=ascii,
)
def test_a_header_that_readers_read_differently_is_an_error(line: bytes):
    """Some would show another From field than the one that is compared with the signer."""
    assert code_of(b"X: y\r\n" + line + forge.opaque(CMS)) == ErrorCode.MESSAGE_DECODING


@pytest.mark.parametrize("colon", [" :", "  \t:", ":", "\t:"])
def test_a_first_field_that_names_a_sender_is_no_line_of_a_mailbox_file(colon: str):
    found = find_cms(f"From{colon} bob@example.test\r\n".encode() + forge.opaque(CMS))
    assert found.from_fields == ("bob@example.test", "Alice <alice@example.test>")


def test_where_the_first_line_ends_in_lf_every_lf_ends_one():
    found = find_cms(b"X: y\nFrom: bob@example.test\r\n" + forge.opaque(CMS))
    assert found.from_fields == ("bob@example.test", "Alice <alice@example.test>")


def test_a_header_that_begins_with_a_blank_is_an_error():
    assert code_of(b" x\r\n" + forge.opaque(CMS)) == ErrorCode.MESSAGE_DECODING


DAMAGED_PARTS = [
    (b'boundary="=_b"', b"x=y", ErrorCode.NO_BOUNDARY),
    (b'boundary="=_b"', b'boundary=""', ErrorCode.NO_BOUNDARY),
    (b'boundary="=_b"', b'boundary="\xc3\xa4"', ErrorCode.NO_BOUNDARY),
    (b'boundary="=_b"', b'boundary="' + b"x" * 71 + b'"', ErrorCode.NO_BOUNDARY),
    (b'boundary="=_b"', b"boundary=\"=_b\"; boundary*=us-ascii''other", ErrorCode.MESSAGE_DECODING),
    (b'boundary="=_b"', b'boundary*0=other; boundary="=_b"', ErrorCode.MESSAGE_DECODING),
    (b'"application/pkcs7-signature"', b'"application/pgp-signature"', ErrorCode.MESSAGE_TYPE),
    (b"Type: application/pkcs7-signature", b"Type: text/plain", ErrorCode.MESSAGE_TYPE),
    (b"\r\n--=_b--\r\n", b"", ErrorCode.MESSAGE_DECODING),
    (b"\r\n--=_b--\r\n", b"\r\n--=_b", ErrorCode.MESSAGE_DECODING),
    (b"\r\n--=_b--\r\n", b"\r\n--=_b\r\n\r\nmore\r\n--=_b--\r\n", ErrorCode.MESSAGE_DECODING),
    (b"--=_b\r\n", b"", ErrorCode.MESSAGE_DECODING),
]


@pytest.mark.parametrize(("old", "new", "code"), DAMAGED_PARTS, ids=range(len(DAMAGED_PARTS)))
def test_a_multipart_that_is_not_as_it_has_to_be_is_an_error(old: bytes, new: bytes, code: ErrorCode):
    message = forge.detached(CMS)
    assert old in message
    assert code_of(message.replace(old, new)) == code


def test_delimiters_are_whole_lines_only():
    content = b"Content-Type: text/plain\r\n\r\n --=_b\r\n--=_bc\r\nx--=_b\r\n--=_\r\n--=_b-\r\n"
    assert find_cms(forge.detached(CMS, content)).content == content


def test_blanks_behind_a_delimiter_preamble_and_epilogue_do_not_count():
    message = (
        forge.detached(CMS).replace(b"--=_b\r\n", b"--=_b \t\r\n").replace(b"\r\n\r\n--=_b", b"\r\n\r\npre\r\n--=_b", 1)
    )
    assert find_cms(message + b"epilogue\r\n--=_b\r\n").content == CONTENT


def test_parts_further_in_are_left_alone():
    """A part beside the encrypted one would be shown together with what was inside (EFAIL)."""
    inner = forge.opaque(CMS, b"")
    message = b'Content-Type: multipart/mixed; boundary="=_c"\r\n\r\n--=_c\r\n' + inner + b"\r\n--=_c--\r\n"
    assert code_of(message) == ErrorCode.MESSAGE_TYPE


def test_the_outer_fields_go_in_front_of_what_was_inside():
    found = find_cms(forge.opaque(CMS, b"From: a@b.test\r\nSubject: a\r\n folded\r\nContent-Foo: 1\r\n"))
    assert with_outer_fields(found, CONTENT) == (
        b"From: a@b.test\r\nSubject: a\r\n folded\r\nMIME-Version: 1.0\r\n" + CONTENT
    )
    assert with_outer_fields(found, b"MIME-Version: 1.0\r\n" + CONTENT) == with_outer_fields(found, CONTENT)
    assert with_outer_fields(find_cms(CMS), CONTENT) == CONTENT


@pytest.mark.parametrize(
    "piece", [b" x\r\n", b"A: b\r\n", b"--=_b \r\n", b"--=_bc\r\n", b"\r\n", b"; a", b'; a="x"', b"\\"], ids=ascii
)
def test_twice_the_octets_are_at_most_twice_the_work(piece: bytes):
    def work(times: int) -> int:
        messages = [
            b"From: a@b.test\r\n" + piece * times + b"\r\n" * (piece[-1:] != b"\n") + forge.detached(CMS),
            forge.detached(CMS, piece * times),
            forge.opaque(CMS).replace(b"name=smime", b'name="' + piece * times + b'"; x=smime'),
        ]
        return steps(lambda: [outcome(message) for message in messages])

    assert work(400) <= 2 * work(200)


def outcome(message: bytes) -> object:
    try:
        return find_cms(message)
    except SSMTPError as error:
        return error
