"""Valid stores with a few octets changed: what a damaged disk or somebody hostile makes of them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.errors import SSMTPError
from ssmtp_compat.pki.stores.entries import Store

DATA = Path(__file__).parent / "data"
"""Key files that other programs wrote; ``make.sh`` there says how."""
PASSWORD = b"fixture-secret"
WHAT = "the store under test"

_DOCUMENTED = (ErrorCode.CANNOT_OPEN_STORE, ErrorCode.NOT_SUPPORTED, ErrorCode.MISSING_EXTRA)
Opener = Callable[[bytes, bytes, str], Store]


def data(name: str) -> bytes:
    return (DATA / name).read_bytes()


@st.composite
def mutated(draw: st.DrawFn, valid: bytes) -> bytes:
    """``valid`` with up to four places cut out, doubled, overwritten, moved or filled with other octets."""
    octets = bytearray(valid)
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(octets)))
        end = min(len(octets), start + draw(st.sampled_from((0, 1, 2, 4, 16, 64, 512))))
        part = bytes(octets[start:end])
        change = draw(st.sampled_from(("cut", "double", "flip", "random", "digits", "end")))
        if change == "end":
            del octets[start:]
            continue
        octets[start:end] = {
            "cut": b"",
            "double": part * 2,
            "flip": bytes(octet ^ 0x01 for octet in part),
            "random": draw(st.binary(max_size=8)),
            "digits": draw(
                st.sampled_from((b"0", b"99999999999", b"4294967295", b"-1", b"\xff\xff\xff\xff", b"<", b"{"))
            ),
        }[change]
    return bytes(octets)


def survives(opener: Opener, *valid: bytes) -> None:
    """Only documented errors, whatever is changed in one of ``valid``."""

    @settings(max_examples=int(os.environ.get("STORE_MUTATIONS", "150")), deadline=None)
    @given(st.sampled_from(valid).flatmap(mutated))
    def check(content: bytes) -> None:
        try:
            outcome = opener(content, PASSWORD, WHAT)
        except SSMTPError as error:
            outcome = error
        assert isinstance(outcome, Store) or outcome.code in _DOCUMENTED
        assert PASSWORD.decode() not in str(outcome)

    check()
