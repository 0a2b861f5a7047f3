from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric import ec

from ssmtp_compat.pki.stores.entries import MAXIMUM_CHAIN, join_store
from unit.pki.authority import Issued, issue, name


def line(length: int) -> list[Issued]:
    """Authorities, each issued by the one before."""
    made = [issue(name(("CN", "0")), ec.generate_private_key(ec.SECP256R1()), authority=True)]
    while len(made) < length:
        subject, key = name(("CN", str(len(made)))), ec.generate_private_key(ec.SECP256R1())
        made.append(issue(subject, key, issuer=made[-1], authority=True))
    return made


def test_issuers_are_found_in_any_order_up_to_a_number() -> None:
    authorities = line(MAXIMUM_CHAIN + 3)
    store = join_store([one.certificate for one in authorities], [])
    assert store.entries[3].chain == tuple(one.certificate for one in authorities[2::-1])
    assert len(store.entries[-1].chain) == MAXIMUM_CHAIN


def test_two_that_issue_each_other_are_no_endless_chain() -> None:
    first, second = line(2)
    back = issue(name(("CN", "0")), first.key, issuer=second, authority=True)
    store = join_store([back.certificate, second.certificate], [])
    assert store.entries[0].chain == (second.certificate,)
