"""What a policy allows, read from the octets of the ClientHello."""

from __future__ import annotations

import subprocess

import pytest
from OpenSSL import SSL

from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.errors import InvalidValueError
from ssmtp_compat.tls.cipher_suites import allowed_suites
from ssmtp_compat.tls.context import TlsOptions, make_context
from ssmtp_compat.tls.policy import TlsPolicy
from wire.client_hello import Hello, read_client_hello

AES_256_GCM, AES_128_GCM, CHACHA20 = 0x1302, 0x1301, 0x1303
ECDHE_RSA_AES_256_GCM, ECDHE_RSA_AES_128_GCM = 0xC030, 0xC02F
SECP256R1, SECP384R1, X25519, X25519MLKEM768 = 0x17, 0x18, 0x1D, 0x11EC


def client_hello(**policy: object) -> Hello:
    connection = SSL.Connection(make_context(TlsOptions(server_name="localhost", policy=TlsPolicy(**policy))))
    connection.set_connect_state()
    with pytest.raises(SSL.WantReadError):
        connection.do_handshake()
    return read_client_hello(connection.bio_read(65536))


def refused(**policy: object) -> str:
    with pytest.raises(InvalidValueError) as caught:
        client_hello(**policy)
    assert caught.value.code is ErrorCode.INVALID_VALUE
    return caught.value.message


# -- versions ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("versions", "offered"),
    [
        ({"TLSv1.2", "TLSv1.3"}, [0x0304, 0x0303]),
        ({"TLSv1.3"}, [0x0304]),
        ({"TLSv1.2"}, [0x0303]),
        ({"TLSv1.1"}, [0x0302]),
        ({"TLSv1"}, [0x0301]),
        ({"TLSv1", "TLSv1.1", "TLSv1.2"}, [0x0303]),  # before TLS 1.3 only the highest is told
    ],
)
def test_versions(versions: set[str], offered: list[int]):
    assert client_hello(versions=frozenset(versions)).versions == offered


def test_a_gap_between_versions_is_named():
    assert "TLSv1.1 and TLSv1.3 need TLSv1.2 too" in refused(versions=frozenset({"TLSv1.1", "TLSv1.3"}))


# -- cipher suites ----------------------------------------------------------------------------------------------------


def test_named_suites_are_offered_in_their_order_and_no_others():
    names = ("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256")
    hello = client_hello(cipher_suites=names)
    assert hello.suites == [AES_128_GCM, ECDHE_RSA_AES_256_GCM, ECDHE_RSA_AES_128_GCM]
    assert hello.versions == [0x0304, 0x0303]


def test_suites_of_one_version_leave_the_other_version_out():
    old = client_hello(cipher_suites=("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",))
    assert (old.suites, old.versions) == ([ECDHE_RSA_AES_256_GCM], [0x0303])
    new = client_hello(cipher_suites=("TLS_AES_256_GCM_SHA384",))
    assert (new.suites, new.versions) == ([AES_256_GCM], [0x0304])


def test_a_suite_that_openssl_lacks_is_left_out():
    names = ("TLS_RSA_WITH_RC4_128_MD5", "TLS_AES_256_GCM_SHA384", "TLS_PSK_WITH_AES_128_CCM_9")
    assert client_hello(cipher_suites=names).suites == [AES_256_GCM]


def test_nothing_left_is_an_error():
    assert "TLSv1.2 and TLSv1.3" in refused(cipher_suites=("TLS_RSA_WITH_RC4_128_MD5",))
    assert "TLSv1.3" in refused(
        versions=frozenset({"TLSv1.3"}), cipher_suites=("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",)
    )
    refused(minimum_bits=257)


@pytest.mark.parametrize("name", ["AES", "TLS_FAST", "CALG_AES_256", "ECDHE RSA", "ALL:-x"])
def test_what_is_no_name_of_a_suite_is_named(name: str):
    assert repr(name) in refused(cipher_suites=("TLS_AES_256_GCM_SHA384", name))


def test_a_cipher_list_speaks_for_the_older_versions():
    hello = client_hello(cipher_list="ECDHE-RSA-AES256-GCM-SHA384")
    assert hello.suites == [AES_256_GCM, CHACHA20, AES_128_GCM, ECDHE_RSA_AES_256_GCM]
    assert "'NONSENSE'" in refused(cipher_list="NONSENSE")


def test_short_keys_are_left_out():
    hello = client_hello(minimum_bits=256)
    assert AES_256_GCM in hello.suites
    assert ECDHE_RSA_AES_256_GCM in hello.suites
    assert not {AES_128_GCM, ECDHE_RSA_AES_128_GCM} & {*hello.suites}
    assert client_hello(minimum_bits=128).suites == client_hello().suites


def test_names_are_translated_as_openssl_translates_them():
    listed = subprocess.run(
        ["openssl", "ciphers", "-stdname", "ALL:COMPLEMENTOFALL:@SECLEVEL=0"],
        capture_output=True,
        text=True,
        check=True,
    )
    pairs = [line.split()[:3:2] for line in listed.stdout.splitlines()]
    served = [(iana, name) for iana, name in pairs if not any(part in iana for part in ("PSK", "SRP", "anon"))]
    assert len(served) > 60
    for iana, name in served:
        suites = allowed_suites((iana,), "", 0)
        assert (suites.older or ()) + (suites.tls13 or ()) == (name,)


# -- groups and signature algorithms ----------------------------------------------------------------------------------


def test_groups_and_key_shares_are_offered_in_their_order():
    hello = client_hello(groups=("secp384r1", "x25519", "secp256r1"), key_shares=("x25519", "secp384r1", "ffdhe2048"))
    assert hello.groups == [SECP384R1, X25519, SECP256R1]
    assert hello.key_shares == [SECP384R1, X25519]


def test_a_hybrid_group_withstands_quantum_computers():
    hello = client_hello(groups=("X25519MLKEM768", "x25519"), key_shares=("X25519MLKEM768",))
    assert (hello.groups, hello.key_shares) == ([X25519MLKEM768, X25519], [X25519MLKEM768])


def test_signature_algorithms_are_offered_in_their_order():
    assert client_hello(signature_algorithms=("ed25519", "rsa_pss_rsae_sha512")).signatures == [0x0807, 0x0806]


def test_unknown_groups_and_signature_algorithms_are_named():
    assert "'secp111r1'" in refused(groups=("x25519", "secp111r1"))
    assert "'md2'" in refused(signature_algorithms=("ed25519", "md2"))
    assert "'grün'" in refused(groups=("grün",))


def test_the_level_of_a_list_is_kept():
    # 128 bits of security: RSA without an elliptic curve is out, and so are groups and signatures of 112 bits.
    hello = client_hello(cipher_list="DEFAULT@SECLEVEL=3", versions=frozenset({"TLSv1.2"}))
    assert 0x0301 not in hello.signatures
    assert {*hello.signatures} < {*client_hello(cipher_list="DEFAULT@SECLEVEL=1").signatures}
