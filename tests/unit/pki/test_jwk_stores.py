from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, x25519
from cryptography.hazmat.primitives.serialization import load_ssh_public_key

from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.errors import CertificateError
from ssmtp_compat.pki.stores.entries import MAXIMUM_CERTIFICATES, MAXIMUM_KEYS
from ssmtp_compat.pki.stores.jwk import open_jwk
from unit.pki.authority import Issued, issue, name
from unit.pki.mutations import WHAT, data, survives

# RFC 8037 appendix A.1 and RFC 7515 appendix A.3.1
RFC_8037 = {
    "kty": "OKP",
    "crv": "Ed25519",
    "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
}
RFC_7515 = {
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    "d": "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI",
}


def fixture(kind: str, **changed: Any) -> bytes:
    key = json.loads(data(f"{kind}.jwk")) | changed
    return json.dumps({name: value for name, value in key.items() if value is not ...}).encode()


def number(value: int) -> str:
    octets = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


@pytest.mark.parametrize("kind", ["rsa", "p256", "p384", "p521", "ed25519"])
def test_what_node_writes_opens(kind: str) -> None:
    store = open_jwk(data(f"{kind}.jwk"), b"", WHAT)
    (key,) = store.loose_keys
    assert store.public_keys == ()
    if kind in ("rsa", "p256"):
        assert key.public_key() == load_ssh_public_key(data(f"{kind}.pub"))


def test_the_keys_of_the_standards_open() -> None:
    for key, kind in ((RFC_8037, ed25519.Ed25519PrivateKey), (RFC_7515, ec.EllipticCurvePrivateKey)):
        assert isinstance(open_jwk(json.dumps(key).encode(), b"", WHAT).loose_keys[0], kind)


def test_a_key_for_agreement_opens() -> None:
    key = x25519.X25519PrivateKey.generate()
    d, x = (
        base64.urlsafe_b64encode(octets).decode()
        for octets in (key.private_bytes_raw(), key.public_key().public_bytes_raw())
    )
    content = json.dumps({"kty": "OKP", "crv": "X25519", "d": d, "x": x}).encode()
    assert open_jwk(content, b"", WHAT).loose_keys[0].public_key() == key.public_key()


def test_rsa_without_its_primes_is_completed() -> None:
    whole = open_jwk(fixture("rsa"), b"", WHAT).loose_keys[0]
    bare = open_jwk(fixture("rsa", p=..., q=..., dp=..., dq=..., qi=...), b"", WHAT).loose_keys[0]
    assert bare.public_key() == whole.public_key()
    numbers = bare.private_numbers()
    assert {numbers.p, numbers.q} == {whole.private_numbers().p, whole.private_numbers().q}


def test_wrong_values_for_the_remainder_theorem_make_no_wrong_key() -> None:
    whole = open_jwk(fixture("rsa"), b"", WHAT).loose_keys[0]
    assert (
        open_jwk(fixture("rsa", dp="AQAB", qi="AQAB"), b"", WHAT).loose_keys[0].private_numbers()
        == whole.private_numbers()
    )


def test_x5c_brings_certificate_and_chain(intermediate: Issued) -> None:
    key = open_jwk(fixture("p256"), b"", WHAT).loose_keys[0]
    owner = issue(name(("CN", "Owner")), key, issuer=intermediate)
    chain = [base64.b64encode(one.certificate.der).decode() for one in (owner, intermediate)]
    store = open_jwk(fixture("p256", x5c=chain), b"", WHAT)
    assert [entry.certificate for entry in store.entries] == [owner.certificate, intermediate.certificate]
    assert store.entries[0].private_key.public_key() == key.public_key()
    assert store.entries[0].chain == (intermediate.certificate,)
    assert store.loose_keys == ()
    public = open_jwk(fixture("p256", x5c=chain, d=...), b"", WHAT)
    assert (len(public.entries), public.entries[0].private_key, public.public_keys) == (2, None, ())


def test_x5c_of_another_key_is_damage(alice: Issued) -> None:
    with pytest.raises(CertificateError, match="Key number 1 in the store under test is damaged"):
        open_jwk(fixture("p256", x5c=[base64.b64encode(alice.certificate.der).decode()]), b"", WHAT)


def test_a_set_gives_every_key_it_can() -> None:
    keys = [json.loads(data(f"{kind}.jwk")) for kind in ("rsa", "p256")]
    keys[1].pop("d")
    others: list[dict[str, str]] = [{"kty": "oct", "k": "AAAA"}, {"kty": "AKP"}, {"kty": "EC", "crv": "secp256k1"}]
    store = open_jwk(json.dumps({"keys": [*others, *keys]}).encode(), b"", WHAT)
    assert store.describe() == (
        "2048-bit RSA private key without a certificate; secp256r1 public key without a certificate or a private key"
    )


def test_other_spellings_open() -> None:
    content = data("ed25519.jwk")
    for other in (b"\xef\xbb\xbf" + content, content.decode().encode("utf-16"), base64.encodebytes(content)):
        assert open_jwk(other, b"", WHAT).loose_keys


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "neither a JSON Web Key nor a set"),
        (b"[]", "neither a JSON Web Key nor a set"),
        (b'{"keys": 1}', "neither a JSON Web Key nor a set"),
        (b'{"keys": [1]}', "neither a JSON Web Key nor a set"),
        (b'{"keys": []}', "There is no key in"),
        (b'{"kty": "oct", "k": "hunter2"}', "it is a symmetric key"),
        (b'{"kty": "hunter2"}', "its kind .kty. is not supported"),
        (b'{"kty": "EC", "crv": "hunter2"}', "its curve is not supported"),
        (b'{"kty": "OKP", "crv": "hunter2"}', "its curve is not supported"),
        (b'{"kty": "OKP", "crv": []}', "its kind .kty. is not supported"),
        (fixture("rsa", oth=[]), "more than two primes"),
        (fixture("rsa", q=...), "is damaged"),
        (fixture("rsa", p="AQAB"), "is damaged"),
        (fixture("rsa", d="AQAB"), "is damaged"),
        (fixture("rsa", n="AQAB" * 400), "too large or too many"),
        (fixture("rsa", n=1), "is damaged"),
        (fixture("rsa", n=""), "is damaged"),
        (fixture("p256", x="AQAB"), "is damaged"),
        (fixture("p256", d="AQAB"), "is damaged"),
        (fixture("p256", d="!!!!"), "is damaged"),
        (fixture("p256", x5c="x"), "is damaged"),
        (fixture("p256", x5c=[1]), "is damaged"),
        (fixture("p256", x5c=["AAAA"]), "Certificate number 1 in the store under test is damaged"),
        (fixture("ed25519", d="AQAB"), "is damaged"),
        (fixture("ed25519", x=RFC_8037["x"]), "is damaged"),
        (b'{"keys": [%s]}' % b",".join([b"{}"] * (MAXIMUM_KEYS + 1)), "at most 100"),
        (b"[" * 100_000, "neither a JSON Web Key nor a set"),
        (b'{"a":' * 100_000, "neither a JSON Web Key nor a set"),
        (b'{"e": 1%s}' % (b"0" * 5000), "neither a JSON Web Key nor a set"),
        (b"{" + b" " * 4_194_304 + b"}", "too large"),
    ],
)
def test_what_cannot_be_opened_is_explained(content: bytes, text: str) -> None:
    with pytest.raises(CertificateError, match=text) as caught:
        open_jwk(content, b"", WHAT)
    assert caught.value.code is ErrorCode.CANNOT_OPEN_STORE
    assert "hunter2" not in str(caught.value)


def test_the_number_of_certificates_is_bounded(alice: Issued) -> None:
    key = open_jwk(fixture("p256"), b"", WHAT).loose_keys[0]
    owner = base64.b64encode(issue(name(("CN", "o")), key).certificate.der).decode()
    for keys, certificates in ((1, MAXIMUM_CERTIFICATES + 1), (11, 100)):
        one = json.loads(fixture("p256", x5c=[owner] * certificates))
        with pytest.raises(CertificateError, match="more than 1000 certificates"):
            open_jwk(json.dumps({"keys": [one] * keys}).encode(), b"", WHAT)


def test_a_modulus_that_has_no_two_primes_ends_soon() -> None:
    modulus = 2**2203 - 1  # a Mersenne prime, and so every square root of 1 is 1 or -1
    d = pow(65537, -1, modulus - 1)
    with pytest.raises(CertificateError, match="is damaged"):
        open_jwk(json.dumps({"kty": "RSA", "n": number(modulus), "e": "AQAB", "d": number(d)}).encode(), b"", WHAT)


def test_any_change_gives_a_documented_error_or_a_store() -> None:
    key = open_jwk(fixture("p256"), b"", WHAT).loose_keys[0]
    owner = base64.b64encode(issue(name(("CN", "o")), key).certificate.der).decode()
    survives(open_jwk, data("rsa.jwk"), data("ed25519.jwk"), data("p521.jwk"), fixture("p256", x5c=[owner]))
