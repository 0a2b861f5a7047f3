"""A long text that is never copied as a whole goes out as its octets would."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssmtp_compat.errors import InvalidValueError
from ssmtp_compat.message.ascii_text import AsciiText
from ssmtp_compat.message.canonical import is_canonical
from ssmtp_compat.message.compose import MessageSpec, compose
from ssmtp_compat.smtp.chunking import message_chunks
from ssmtp_compat.smtp.transparency import content_pieces

TEXTS = st.lists(
    st.sampled_from(["\r\n", "\n", "\r", ".", "a", "From ", "x" * 990, "=", " \r\n", "\0"]), max_size=12
).map("".join)


@given(TEXTS, st.sampled_from(["", "Content-Transfer-Encoding: 7bit\r\n"]), st.integers(2, 3000))
def test_it_is_composed_and_cut_as_its_octets_are(text, headers, piece):
    outcomes = []
    for body in (text.encode(), AsciiText(text)):
        spec = MessageSpec(body=body, body_charset="us-ascii", other_headers=headers)
        try:
            composed = compose(spec, eight_bit=False)
        except InvalidValueError as error:
            outcomes.append(repr(error))
            continue
        content = composed.content
        outcomes.append(
            (
                composed.header,
                composed.body,
                composed.eight_bit,
                [(bytes(part), sent) for part, sent in content_pieces(b"", content, piece)],
                [
                    (chunk.octets, chunk.last, [(bytes(part), sent) for part, sent in chunk.pieces])
                    for chunk in message_chunks(b"", content, 2 * piece, piece)
                ],
            )
        )
    assert outcomes[0] == outcomes[1]


def test_a_canonical_one_is_passed_on_without_a_copy():
    body = AsciiText("a line\r\n" * 20000)
    assert is_canonical(body)
    assert compose(MessageSpec(body=body, body_charset="us-ascii"), eight_bit=True).content is body


def test_other_characters_are_refused():
    with pytest.raises(ValueError, match="outside ASCII"):
        AsciiText("ü")
