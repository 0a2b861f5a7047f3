"""Kinds of keys, and what each makes of the digest that was asked for."""

from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import Path

import pytest
from asn1crypto import algos, cms
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.errors import CertificateError, SSMTPError, UnsupportedError
from ssmtp_compat.smime.digests import DIGESTS, SHA512, SHAKE256, Digest, digest_named
from ssmtp_compat.smime.signing import Signer, SignerSpec
from ssmtp_compat.smime.suitability import CertificateRules
from unit.pki.authority import NOW, Issued, issue, name, rsa_key
from unit.smime.openssl_judge import Judge
from unit.smime.openssl_keys import key_owner, pss_owner

CONTENT = b"Content-Type: text/plain\r\n\r\nHello\r\n"
CURVES = {
    "P-256": ec.SECP256R1(),
    "P-384": ec.SECP384R1(),
    "P-521": ec.SECP521R1(),
    "brainpoolP256r1": ec.BrainpoolP256R1(),
    "brainpoolP512r1": ec.BrainpoolP512R1(),
}
RSA_PKCS1 = "1.2.840.113549.1.1.1"
RSASSA_PSS = "1.2.840.113549.1.1.10"


@functools.cache
def curve_key(curve: str) -> PrivateKeyTypes:
    return ec.generate_private_key(CURVES[curve])


def curve_owner(curve: str, issuer: Issued) -> Issued:
    return issue(name(("CN", "Curve")), curve_key(curve), issuer=issuer, usage=("digital_signature",))


def spec_of(owner: Issued, digest: str, *, use_pss: bool = False) -> SignerSpec:
    return SignerSpec(owner.key_pair, digest_named(digest), NOW, use_pss=use_pss)


def signer_info(signature: bytes) -> cms.SignerInfo:
    data = cms.ContentInfo.load(signature, strict=True)["content"]
    (info,) = data["signer_infos"]
    assert [one.dump() for one in data["digest_algorithms"]] == [info["digest_algorithm"].dump()]
    return info


def algorithm(info: cms.SignerInfo) -> tuple[str, bytes]:
    identifier = info["signature_algorithm"]
    return identifier["algorithm"].dotted, identifier["parameters"].dump()


@pytest.mark.parametrize("digest", DIGESTS, ids=lambda digest: digest.name)
def test_pss_uses_one_hash_everywhere_and_a_salt_as_long(
    alice: Issued, intermediate: Issued, judge: Judge, digest: Digest
) -> None:
    signature = Signer(spec_of(alice, digest.name, use_pss=True)).detached([CONTENT])
    assert judge.verifies(signature, CONTENT, [intermediate.certificate])
    assert not judge.verifies(signature, CONTENT + b" ", [intermediate.certificate])
    info = signer_info(signature)
    oid, encoded = algorithm(info)
    assert oid == RSASSA_PSS
    parameters = algos.RSASSAPSSParams.load(encoded, strict=True)
    assert parameters["hash_algorithm"]["algorithm"].dotted == digest.oid
    assert parameters["mask_gen_algorithm"]["algorithm"].native == "mgf1"
    assert parameters["mask_gen_algorithm"]["parameters"]["algorithm"].dotted == digest.oid
    assert parameters["salt_length"].native == digest.hash.digest_size
    exact = padding.PSS(padding.MGF1(digest.hash), digest.hash.digest_size)
    alice.key.public_key().verify(info["signature"].native, info["signed_attrs"].untag().dump(), exact, digest.hash)


def test_the_parameters_of_pss_are_those_of_rfc_4055() -> None:
    # sha256 with NULL, in DER; everything that is a default stays away, for SHA-1 all of it.
    hashed = "300d06096086480165030402010500"
    expected = f"3034a00f{hashed}a11c301a06092a864886f70d010108{hashed}a203020120"
    owner = issue(name(("CN", "Any")), rsa_key(1))
    for digest, parameters in (("SHA256", expected), ("SHA1", "3000")):
        signature = Signer(spec_of(owner, digest, use_pss=True)).detached([CONTENT])
        assert algorithm(signer_info(signature))[1].hex() == parameters


@pytest.mark.parametrize(
    ("digest", "oid"),
    [
        ("MD5", RSA_PKCS1),
        ("SHA256", RSA_PKCS1),
        ("SHA3-224", "2.16.840.1.101.3.4.3.13"),
        ("SHA3-256", "2.16.840.1.101.3.4.3.14"),
        ("SHA3-384", "2.16.840.1.101.3.4.3.15"),
        ("SHA3-512", "2.16.840.1.101.3.4.3.16"),
    ],
)
def test_rsa_says_its_hash_where_a_reader_may_not_guess_it(alice: Issued, digest: str, oid: str) -> None:
    assert algorithm(signer_info(Signer(spec_of(alice, digest)).detached([CONTENT]))) == (oid, b"\x05\x00")


@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize(
    ("digest", "oid"),
    [
        ("SHA1", "1.2.840.10045.4.1"),
        ("SHA224", "1.2.840.10045.4.3.1"),
        ("SHA256", "1.2.840.10045.4.3.2"),
        ("SHA384", "1.2.840.10045.4.3.3"),
        ("SHA512", "1.2.840.10045.4.3.4"),
        ("SHA3-224", "2.16.840.1.101.3.4.3.9"),
        ("SHA3-256", "2.16.840.1.101.3.4.3.10"),
        ("SHA3-384", "2.16.840.1.101.3.4.3.11"),
        ("SHA3-512", "2.16.840.1.101.3.4.3.12"),
    ],
)
def test_an_ec_key_signs_with_every_digest_but_md5(
    intermediate: Issued, judge: Judge, curve: str, digest: str, oid: str
) -> None:
    owner = curve_owner(curve, intermediate)
    signature = Signer(spec_of(owner, digest, use_pss=True)).detached([CONTENT])
    assert algorithm(signer_info(signature)) == (oid, b"")
    assert judge.verifies(signature, CONTENT, [intermediate.certificate])
    assert not judge.verifies(signature, CONTENT + b" ", [intermediate.certificate])


def test_an_ec_key_does_not_sign_with_md5(intermediate: Issued) -> None:
    with pytest.raises(SSMTPError, match="MD5 cannot be used with the EC key of CN=Curve; use one of SHA1") as caught:
        Signer(spec_of(curve_owner("P-256", intermediate), "MD5"))
    assert caught.value.code is ErrorCode.UNSUPPORTED_ALGORITHM


@pytest.mark.parametrize(("curve", "shown"), [(ec.SECP224R1(), "secp224r1"), (ec.SECP256K1(), "secp256k1")])
def test_a_curve_that_is_not_verified_here_does_not_sign_either(curve: ec.EllipticCurve, shown: str) -> None:
    owner = issue(name(("CN", "Curve")), ec.generate_private_key(curve))
    expected = f"CN=Curve is on the curve {shown}; mail is signed with P-256, P-384, P-521, brainpoolP256r1, "
    with pytest.raises(UnsupportedError, match=expected) as caught:
        Signer(spec_of(owner, "SHA256"))
    assert caught.value.code is ErrorCode.NOT_SUPPORTED


@pytest.mark.parametrize("asked", ["MD5", "SHA256", "SHA512", "SHA3-256"])
@pytest.mark.parametrize(
    ("kind", "oid", "prescribed"),
    [(ed25519.Ed25519PrivateKey, "1.3.101.112", SHA512), (ed448.Ed448PrivateKey, "1.3.101.113", SHAKE256)],
    ids=["Ed25519", "Ed448"],
)
def test_eddsa_prescribes_the_digest_and_signs_the_attributes_themselves(
    intermediate: Issued, kind: type, oid: str, prescribed: Digest, asked: str
) -> None:
    owner = issue(name(("CN", "Edwards")), kind.generate(), issuer=intermediate, usage=("digital_signature",))
    signer = Signer(spec_of(owner, asked))
    assert signer.micalg == prescribed.micalg
    info = signer_info(signer.detached([CONTENT]))
    assert algorithm(info) == (oid, b"")
    assert info["digest_algorithm"].dump() == prescribed.algorithm_der
    attributes = info["signed_attrs"]
    digests = [one["values"][0].native for one in attributes if one["type"].native == "message_digest"]
    assert digests == [prescribed.of([CONTENT])]
    owner.key.public_key().verify(info["signature"].native, attributes.untag().dump())


def test_pss_does_not_fit_into_a_short_key(intermediate: Issued) -> None:
    owner = issue(name(("CN", "Short")), rsa_key(20, 1024), issuer=intermediate)
    assert Signer(spec_of(owner, "SHA384", use_pss=True)).detached([CONTENT])
    with pytest.raises(CertificateError, match="1024-bit key of CN=Short cannot sign with SHA512") as caught:
        Signer(spec_of(owner, "SHA512", use_pss=True)).detached([CONTENT])
    assert caught.value.code is ErrorCode.UNSUPPORTED_KEY_SIZE
    assert Signer(replace(spec_of(owner, "SHA512"), use_pss=False)).detached([CONTENT])


def test_a_key_that_spells_its_curve_out_does_not_sign(tmp_path: Path) -> None:
    owner = key_owner(tmp_path, "EC", "ec_paramgen_curve:P-256", "ec_param_enc:explicit")
    spec = replace(spec_of(owner, "SHA256"), rules=CertificateRules(check_dates=False))
    with pytest.raises(UnsupportedError, match="key of CN=EC has the parameters of its curve in the place") as caught:
        Signer(spec)
    assert caught.value.code is ErrorCode.NOT_SUPPORTED


@pytest.mark.parametrize("limited", [True, False])
def test_a_key_that_is_for_pss_alone_signs_so_unasked(tmp_path: Path, limited: bool) -> None:
    owner = pss_owner(tmp_path, *(("md:sha384", "mgf1_md:sha384", "saltlen:48") if limited else ()))
    spec = replace(spec_of(owner, "SHA384"), rules=CertificateRules(check_dates=False))
    signature = Signer(spec).detached([CONTENT])
    assert algorithm(signer_info(signature))[0] == RSASSA_PSS
    assert Judge(tmp_path, owner).verifies(signature, CONTENT, at=owner.certificate.not_before)
    other = replace(spec, digest=digest_named("SHA256"))
    if limited:
        with pytest.raises(
            SSMTPError, match="CN=RSA-PSS may not be used with SHA256; its certificate allows SHA384"
        ) as caught:
            Signer(other).detached([CONTENT])
        assert caught.value.code is ErrorCode.UNSUPPORTED_ALGORITHM
    else:
        assert Signer(other).detached([CONTENT])


@pytest.mark.parametrize(
    ("demanded", "mask", "salt"),
    [
        # OpenSSL leaves a mask that is not named, and a salt, at their defaults: SHA-1 and 20.
        (("md:sha256",), "sha1", 32),
        (("md:sha256", "mgf1_md:sha512", "saltlen:32"), "sha512", 32),
        (("md:sha256", "mgf1_md:sha256", "saltlen:50"), "sha256", 50),
        (("md:sha1", "mgf1_md:sha1", "saltlen:24"), "sha1", 24),
    ],
)
def test_mask_and_salt_are_those_that_the_key_demands(
    tmp_path: Path, demanded: tuple[str, ...], mask: str, salt: int
) -> None:
    owner = pss_owner(tmp_path, *demanded)
    digest = demanded[0].removeprefix("md:")
    signature = Signer(replace(spec_of(owner, digest), rules=CertificateRules(check_dates=False))).detached([CONTENT])
    parameters = signer_info(signature)["signature_algorithm"]["parameters"]
    assert parameters["hash_algorithm"]["algorithm"].native == digest
    assert parameters["mask_gen_algorithm"]["parameters"]["algorithm"].native == mask
    assert parameters["salt_length"].native == salt
    assert Judge(tmp_path, owner).verifies(signature, CONTENT, at=owner.certificate.not_before)
