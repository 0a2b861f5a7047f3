"""What the settings and properties of Sign make of the signature."""

from __future__ import annotations

import base64
import email
import email.policy
import tracemalloc
from email.message import EmailMessage
from pathlib import Path

import pytest
from asn1crypto import cms
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs7

from ssmtp_compat import PropertyID, ssmtp_do_config, ssmtp_do_sign, ssmtp_get_last_error
from unit.interface.scripts import put, take
from unit.pki.authority import Issued, issue, name, rsa_key

RSASSA_PSS = "1.2.840.113549.1.1.10"


@pytest.fixture(scope="module")
def root() -> Issued:
    return issue(name(("CN", "Root")), rsa_key(10), authority=True)


@pytest.fixture(scope="module")
def issuers(root: Issued) -> tuple[Issued, Issued]:
    upper = issue(name(("CN", "Upper")), rsa_key(11), issuer=root, authority=True)
    return issue(name(("CN", "Lower")), rsa_key(12), issuer=upper, authority=True), upper


@pytest.fixture
def signing(handle: int, issuers: tuple[Issued, Issued]) -> int:
    """A handle that can sign, with a certificate that the store holds alone."""
    signer = issue(name(("CN", "Signer")), rsa_key(1), issuer=issuers[0])
    key = signer.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    put(handle, PropertyID.CertStoreType, 7)
    put(handle, PropertyID.CertStore, key + signer.certificate.pem())
    put(handle, PropertyID.CertSubject, "*")
    ssmtp_do_config(handle, "CheckCertificateDates=False")
    put(handle, PropertyID.MessageText, "Grüße")
    return handle


def signed(handle: int) -> EmailMessage:
    assert ssmtp_do_sign(handle) == 0, ssmtp_get_last_error(handle)
    text = take(handle, PropertyID.OtherHeaders) + "\r\n" + take(handle, PropertyID.MessageText)
    return email.message_from_string(text, policy=email.policy.default)


def signed_data(handle: int) -> cms.SignedData:
    message = signed(handle)
    part = list(message.iter_parts())[1] if message.is_multipart() else message
    return cms.ContentInfo.load(part.get_content(), strict=True)["content"]


def names(data: cms.SignedData) -> set[str]:
    return {one.chosen.subject.native["common_name"] for one in data["certificates"]}


def test_detachedsignature_decides_where_the_content_is(signing: int):
    assert signed(signing).get_content_type() == "multipart/signed"
    put(signing, PropertyID.MessageText, "Grüße")
    ssmtp_do_config(signing, "DetachedSignature=False")
    content = signed_data(signing)["encap_content_info"]["content"].native
    assert email.message_from_bytes(content, policy=email.policy.default).get_content().strip() == "Grüße"
    assert "smime-type=signed-data" in take(signing, PropertyID.OtherHeaders)


@pytest.mark.parametrize(("use", "algorithm"), [("True", RSASSA_PSS), ("False", "1.2.840.113549.1.1.1")])
def test_usepss_is_in_the_signature(signing: int, use: str, algorithm: str):
    ssmtp_do_config(signing, f"UsePSS={use}")
    (info,) = signed_data(signing)["signer_infos"]
    assert info["signature_algorithm"]["algorithm"].dotted == algorithm


@pytest.mark.parametrize("algorithm", ["MD5", "sha-1", "SHA3-256", "2.16.840.1.101.3.4.2.2"])
def test_signingalgorithm_is_in_the_signature_and_reads_back_as_it_was_set(signing: int, algorithm: str):
    put(signing, PropertyID.SigningAlgorithm, algorithm)
    (info,) = signed_data(signing)["signer_infos"]
    found = info["digest_algorithm"]["algorithm"]
    same = {"MD5": "md5", "sha-1": "sha1", "SHA3-256": "sha3_256", "2.16.840.1.101.3.4.2.2": "sha384"}
    assert found.native == same[algorithm]
    assert take(signing, PropertyID.SigningAlgorithm) == algorithm


def test_issuercertificatesfile_completes_the_chain_and_leaves_out_the_root(
    signing: int, issuers: tuple[Issued, Issued], root: Issued, tmp_path: Path
):
    put(signing, PropertyID.IncludeChain, True)
    assert names(signed_data(signing)) == {"Signer"}
    stranger = issue(name(("CN", "Stranger")), rsa_key(13), issuer=root, authority=True)
    bundle = tmp_path / "issuers"
    ssmtp_do_config(signing, f"IssuerCertificatesFile={bundle}")
    all_of_them = (root, issuers[1], stranger, issuers[0])
    p7b = pkcs7.serialize_certificates([one.x509 for one in all_of_them], Encoding.DER)
    for content, found in (
        (b"".join(one.certificate.pem() for one in all_of_them), {"Signer", "Lower", "Upper"}),
        (p7b, {"Signer", "Lower", "Upper"}),
        (base64.b64encode(p7b), {"Signer", "Lower", "Upper"}),
        (issuers[0].certificate.der, {"Signer", "Lower"}),
    ):
        bundle.write_bytes(content)
        assert names(signed_data(signing)) == found
    bundle.write_bytes(p7b)
    put(signing, PropertyID.IncludeChain, False)
    assert names(signed_data(signing)) == {"Signer"}
    put(signing, PropertyID.IncludeChain, True)
    put(signing, PropertyID.IncludeCertificate, False)
    assert names(signed_data(signing)) == set()


def test_issuercertificatesfile_matters_only_where_a_chain_is_wanted(signing: int, tmp_path: Path):
    ssmtp_do_config(signing, f"IssuerCertificatesFile={tmp_path / 'missing.pem'}")
    assert ssmtp_do_sign(signing) == 0, ssmtp_get_last_error(signing)
    put(signing, PropertyID.IncludeChain, True)
    put(signing, PropertyID.IncludeCertificate, False)
    assert ssmtp_do_sign(signing) == 0, ssmtp_get_last_error(signing)
    put(signing, PropertyID.IncludeCertificate, True)
    before = take(signing, PropertyID.MessageText)
    assert ssmtp_do_sign(signing) == 271
    assert "missing.pem" in ssmtp_get_last_error(signing)
    assert take(signing, PropertyID.MessageText) == before


def test_sign_twice_gives_a_signature_around_a_signature(signing: int):
    ssmtp_do_config(signing, "CodePage=1200")
    assert ssmtp_do_sign(signing) == 0, ssmtp_get_last_error(signing)
    inner = take(signing, PropertyID.MessageText)
    outer = signed(signing)
    part, _ = outer.iter_parts()
    assert part.get_content_type() == "multipart/signed"
    assert part.get_param("micalg") == "sha-256"
    # Octet for octet, or the inner signature would be broken.
    assert inner in take(signing, PropertyID.MessageText)
    assert next(part.iter_parts()).get_content().strip() == "Grüße"


@pytest.mark.parametrize("detached", [True, False])
@pytest.mark.parametrize(
    "line", ["x" * 70 + "\r\n", "x" * 60 + "ü\r\n", "äöü" * 30 + "\r\n"], ids=["ascii", "few umlauts", "many umlauts"]
)
def test_a_big_message_takes_at_most_four_times_its_size(signing: int, line: str, detached: bool):
    ssmtp_do_config(signing, f"DetachedSignature={detached}")
    assert ssmtp_do_sign(signing) == 0, ssmtp_get_last_error(signing)  # everything is loaded
    octets = 8_000_000
    text = line * (octets // len(line.encode()))
    tracemalloc.start()
    try:
        put(signing, PropertyID.MessageText, text + "end")
        del text
        assert ssmtp_do_sign(signing) == 0, ssmtp_get_last_error(signing)
        # The text is counted with the rest, as put() made a new one.
        assert tracemalloc.get_traced_memory()[1] < 4 * octets
    finally:
        tracemalloc.stop()
