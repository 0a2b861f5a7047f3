"""What a PKCS#12 store may hold and how it may be protected beyond what one tool writes by default."""

from __future__ import annotations

import pytest
from asn1crypto import core, keys
from asn1crypto import pkcs12 as asn1_pkcs12
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from ssmtp_compat.errors import CertificateError
from ssmtp_compat.pki.stores import budget
from ssmtp_compat.pki.stores.entries import StoreEntry
from ssmtp_compat.pki.stores.pfx import MAXIMUM_NESTING, open_pfx
from unit.pki.authority import Issued, issue, name
from unit.pki.mutations import PASSWORD, WHAT, data, survives
from unit.pki.pfx_builder import certificate_bag, key_bag, nested, part, parts_of, store, with_pbmac1

SECRET = PASSWORD.decode()


def protected(owner: Issued, password: bytes = PASSWORD) -> bytes:
    return pkcs12.serialize_key_and_certificates(None, owner.key, owner.x509, None, BestAvailableEncryption(password))


def signs(entry: StoreEntry) -> bool:
    """Whether the key of an entry is the one of its certificate, shown by what the key does."""
    key, public = entry.private_key, entry.certificate.public_key
    if isinstance(key, rsa.RSAPrivateKey):
        public.verify(key.sign(b"x", padding.PKCS1v15(), hashes.SHA256()), b"x", padding.PKCS1v15(), hashes.SHA256())
    else:
        public.verify(key.sign(b"x", ec.ECDSA(hashes.SHA256())), b"x", ec.ECDSA(hashes.SHA256()))
    return True


def test_each_of_several_keys_comes_with_its_own_certificate(alice: Issued, bob: Issued) -> None:
    content = store([*parts_of(protected(alice)), *parts_of(protected(bob))], SECRET)
    entries = open_pfx(content, PASSWORD, WHAT).entries
    assert [entry.certificate for entry in entries] == [alice.certificate, bob.certificate]
    assert all(map(signs, entries))


def test_each_of_several_keys_without_encryption_comes_with_its_own_certificate(alice: Issued, bob: Issued) -> None:
    content = store([part([key_bag(alice), key_bag(bob), certificate_bag(bob), certificate_bag(alice)])], SECRET)
    entries = open_pfx(content, PASSWORD, WHAT).entries
    assert [entry.certificate for entry in entries] == [bob.certificate, alice.certificate]
    assert all(map(signs, entries))


def test_a_store_with_two_keys_and_a_secret_key_made_by_keytool_opens() -> None:
    entries = open_pfx(data("keytool.p12"), PASSWORD, WHAT).entries
    assert [entry.certificate.subject for entry in entries] == ["CN=alice, O=Keytool", "CN=bob, O=Keytool"]
    assert all(map(signs, entries))


def test_a_store_in_indefinite_lengths_made_by_nss_opens() -> None:
    assert data("nss.p12").startswith(b"\x30\x80")
    (entry,) = open_pfx(data("nss.p12"), "größe".encode(), WHAT).entries
    assert signs(entry)


def test_two_certificates_of_one_key_both_have_it() -> None:
    first = issue(name(("CN", "Now")))
    second = issue(name(("CN", "Renewed")))
    assert first.key is second.key
    content = store([part([key_bag(first), certificate_bag(first), certificate_bag(second)])], SECRET)
    assert all(map(signs, open_pfx(content, PASSWORD, WHAT).entries))


def test_a_key_that_another_password_protects_leaves_the_others_usable(alice: Issued, bob: Issued) -> None:
    mixed = store([*parts_of(protected(alice)), part([certificate_bag(bob)]), _key_part(bob, b"another")], SECRET)
    entries = open_pfx(mixed, PASSWORD, WHAT).entries
    assert [entry.private_key is not None for entry in entries] == [True, False]
    with pytest.raises(CertificateError, match="another password protects it"):
        entries[1].key_pair()
    closed = store([part([certificate_bag(bob)]), _key_part(bob, b"another")], SECRET)
    with pytest.raises(CertificateError, match="not the private key in it, which another password protects"):
        open_pfx(closed, PASSWORD, WHAT)


def _key_part(owner: Issued, password: bytes):
    return next(one for one in parts_of(protected(owner, password)) if one["content_type"].native == "data")


def test_bags_inside_bags_are_read_to_a_depth(alice: Issued) -> None:
    for depth in (1, MAXIMUM_NESTING - 1):
        content = store([part([nested(key_bag(alice), depth), nested(certificate_bag(alice), depth)])], SECRET)
        assert signs(open_pfx(content, PASSWORD, WHAT).entries[0])
    for depth in (MAXIMUM_NESTING, 40):
        with pytest.raises(CertificateError, match="is damaged"):
            open_pfx(store([part([nested(certificate_bag(alice), depth)])], SECRET), PASSWORD, WHAT)


def test_a_changed_store_without_encryption_is_refused_by_its_mac(alice: Issued, bob: Issued) -> None:
    parsed = asn1_pkcs12.Pfx.load(store([part([key_bag(alice), certificate_bag(alice)])], SECRET))
    assert open_pfx(parsed.dump(), PASSWORD, WHAT).entries
    other = asn1_pkcs12.Pfx.load(store([part([key_bag(bob), certificate_bag(bob)])]))
    parsed["auth_safe"] = other["auth_safe"]
    with pytest.raises(CertificateError, match="does not open"):
        open_pfx(parsed.dump(force=True), PASSWORD, WHAT)


def test_a_key_alone_waits_for_its_certificate(alice: Issued) -> None:
    opened = open_pfx(store([part([key_bag(alice)])], SECRET), PASSWORD, WHAT)
    assert not opened.entries
    assert opened.entry_for(alice.certificate).private_key is not None
    with pytest.raises(CertificateError, match="no certificate and no private key"):
        open_pfx(store([part([])], SECRET), PASSWORD, WHAT)


def test_the_store_of_rfc_9579_opens() -> None:
    assert signs(open_pfx(data("rfc9579-a1.p12"), b"1234", WHAT).entries[0])
    with pytest.raises(CertificateError, match="does not open"):
        open_pfx(data("rfc9579-a1.p12"), b"12345", WHAT)


@pytest.mark.parametrize("changes", [{}, {"prf": "sha512", "scheme": "sha384"}, {"size": 20}, {"size": 64}], ids=str)
def test_pbmac1_is_verified(alice: Issued, changes: dict) -> None:
    content = with_pbmac1([part([key_bag(alice), certificate_bag(alice)])], SECRET, **changes)
    assert signs(open_pfx(content, PASSWORD, WHAT).entries[0])
    with pytest.raises(CertificateError, match="does not open"):
        open_pfx(content, b"another", WHAT)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"size": None}, "is damaged"),
        ({"size": 0}, "is damaged"),
        ({"size": -1}, "is damaged"),
        ({"size": 1}, "is damaged"),
        ({"size": 19}, "is damaged"),
        ({"size": 65}, "is damaged"),
        ({"size": 2**31}, "is damaged"),
        ({"size": 2**64}, "is damaged"),
        ({"iterations": 0}, "is damaged"),
        ({"iterations": -5}, "is damaged"),
        ({"iterations": 2_000_000_000}, "2000000000 iterations"),
        ({"iterations": 10**4000}, "far too many iterations"),
        ({"prf": "sha512_224"}, "not supported"),
        ({"scheme": "des_mac"}, "not supported"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_pbmac1_with_a_forgeable_or_absurd_parameter_is_refused(alice: Issued, changes: dict, text: str) -> None:
    content = with_pbmac1([part([key_bag(alice), certificate_bag(alice)])], SECRET, **changes)
    with pytest.raises(CertificateError, match=text):
        open_pfx(content, PASSWORD, WHAT)


def test_the_work_of_one_store_is_bounded(alice: Issued, bob: Issued, monkeypatch: pytest.MonkeyPatch) -> None:
    two = store([*parts_of(protected(alice)), *parts_of(protected(bob))], SECRET)
    for limit, value, text in (
        ("MAXIMUM_ITERATIONS", 30_000, "at most 30000 are done for one store"),
        ("MAXIMUM_KEY_WORK", 3, "too large or too many"),
        ("MAXIMUM_CERTIFICATES", 1, "more than 1 certificates"),
    ):
        with monkeypatch.context() as context:
            context.setattr(budget, limit, value)
            with pytest.raises(CertificateError, match=text):
                open_pfx(two, PASSWORD, WHAT)


def test_a_private_key_that_takes_minutes_to_check_is_not_checked() -> None:
    huge = asn1_pkcs12.SafeBag({"bag_id": "key_bag", "bag_value": keys.PrivateKeyInfo.load(_large_private_key())})
    with pytest.raises(CertificateError, match="too large"):
        open_pfx(store([part([huge])], SECRET), PASSWORD, WHAT)


def _large_private_key() -> bytes:
    number = core.Integer(2**20_000 + 1)
    key = keys.RSAPrivateKey({"version": "two-prime", **dict.fromkeys(_RSA_FIELDS, number)})
    return keys.PrivateKeyInfo({"version": 0, "private_key_algorithm": {"algorithm": "rsa"}, "private_key": key}).dump()


_RSA_FIELDS = (
    *("modulus", "public_exponent", "private_exponent", "prime1", "prime2", "exponent1", "exponent2", "coefficient"),
)


def test_damaged_stores_give_documented_errors(alice: Issued) -> None:
    plain = store([part([key_bag(alice), certificate_bag(alice)])], SECRET)
    unguarded = store([part([key_bag(alice), nested(certificate_bag(alice), 2)])])
    # Without the MAC changes reach what is behind it.
    behind = store(parts_of(data("keytool.p12")))
    survives(open_pfx, data("keytool.p12"), behind, plain, unguarded)
    survives(lambda content, _, what: open_pfx(content, b"1234", what), data("rfc9579-a1.p12"))
