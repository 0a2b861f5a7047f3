"""No setting is only stored: each has a test of what it changes."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from ssmtp_compat.catalog.config import SETTINGS
from ssmtp_compat.catalog.schema import ConfigDef, Support

TESTS = Path(__file__).parents[1]
WITHOUT_EFFECT = "nothing can depend on it"
"""What the row of a setting says, with the reason behind it, if it changes nothing."""

EFFECTS = {
    "AbsoluteTimeout": "wire/test_connection_settings.py::test_absolutetimeout_limits_the_method_as_a_whole",
    "AllowEmptyTo": "wire/test_delivery.py::test_copies_alone_are_enough_when_allowed",
    "AuthorizationIdentity": "wire/test_authentication.py::test_authorization_identity_is_plains_first_part",
    "BuildInfo": "wire/test_message_settings.py::test_buildinfo_and_licenseinfo_tell_of_this_library_and_go_nowhere",
    "Charset": "wire/test_message_settings.py::test_charset_is_that_of_encoded_words",
    "CodePage": "wire/test_message_settings.py::test_codepage_is_that_of_the_body",
    "ConnectionTimeout": "wire/test_connection_settings.py::test_connectiontimeout_limits_making_the_connection_alone",
    "FirewallAutoDetect": "wire/test_tunnel.py::test_firewallautodetect_takes_the_proxy_of_the_environment",
    "FirewallData": "wire/test_tunnel.py::test_firewalldata_is_in_the_request",
    "FirewallHost": "wire/test_tunnel.py::test_each_property_is_a_setting_too",
    "FirewallPassword": "wire/test_tunnel.py::test_each_property_is_a_setting_too",
    "FirewallPort": "wire/test_tunnel.py::test_each_property_is_a_setting_too",
    "FirewallType": "wire/test_tunnel.py::test_each_property_is_a_setting_too",
    "FirewallUser": "wire/test_tunnel.py::test_each_property_is_a_setting_too",
    "Hello": "wire/test_connection_opening.py::test_hello_replaces_the_host_name",
    "InBufferSize": "wire/test_connection_settings.py::test_inbuffersize_and_outbuffersize_are_on_the_socket",
    "KeepAliveInterval": "wire/test_connection_settings.py::"
    "test_keepalivetime_and_keepaliveinterval_are_on_the_socket_in_seconds",
    "KeepAliveTime": "wire/test_connection_settings.py::"
    "test_keepalivetime_and_keepaliveinterval_are_on_the_socket_in_seconds",
    "LicenseInfo": "wire/test_message_settings.py::test_buildinfo_and_licenseinfo_tell_of_this_library_and_go_nowhere",
    "Linger": "wire/test_connection_settings.py::test_without_linger_a_session_ends_with_a_reset",
    "LingerTime": "wire/test_connection_settings.py::test_lingertime_is_on_the_socket",
    "LocalHost": "wire/test_connection_settings.py::test_localhost_and_localport_are_what_the_server_sees",
    "LocalPort": "wire/test_connection_settings.py::test_localhost_and_localport_are_what_the_server_sees",
    "MaxHeaderLength": "wire/test_message_settings.py::test_maxheaderlength_is_where_header_lines_are_folded",
    "KeepQueue": "wire/test_queue.py::test_keepqueue_keeps_what_was_sent",
    "LogSSLPackets": "wire/test_tls_settings.py::test_logsslpackets_tells_every_record",
    "MaxLineLength": "wire/test_connection_settings.py::test_maxlinelength_is_the_longest_reply_line",
    "MaxTransferRate": "wire/test_connection_settings.py::test_maxtransferrate_is_the_rate_at_which_a_message_leaves",
    "MessageHeadersString": "wire/test_message_settings.py::test_messageheadersstring_as_a_setting_is_what_is_sent",
    "MessageIdAlgorithm": "wire/test_message_settings.py::test_messageidalgorithm_is_the_hash_in_the_message_id",
    "OpenSSLCADir": "wire/test_tls_settings.py::test_opensslcadir_is_trusted",
    "OpenSSLCAFile": "wire/test_tls_settings.py::test_opensslcafile_is_trusted",
    "OpenSSLCipherList": "wire/test_tls_settings.py::test_opensslcipherlist_is_what_tls_1_2_offers",
    "OtherHeaders": "wire/test_message_settings.py::test_otherheaders_as_a_setting_is_in_the_message",
    "OutBufferSize": "wire/test_connection_settings.py::test_inbuffersize_and_outbuffersize_are_on_the_socket",
    "ProxyExceptionsList": "wire/test_tunnel.py::test_proxyexceptionslist_leads_around_the_proxy",
    "ReturnPath": "wire/test_message_settings.py::test_returnpath_as_a_setting_is_in_the_envelope",
    "ReuseSSLSession": "wire/test_tls_settings.py::test_reusesslsession_resumes_the_session",
    "SSLCACertFilePaths": "wire/test_tls_settings.py::test_the_first_file_of_sslcacertfilepaths_that_exists_is_trusted",
    "SSLCACerts": "wire/test_tls_settings.py::test_sslcacerts_are_trusted",
    "SSLCheckCRL": "wire/test_revocation.py::test_sslcheckcrl_refuses_what_the_authority_has_revoked",
    "SSLCipherStrength": "wire/test_tls_settings.py::test_sslcipherstrength_leaves_short_keys_out",
    "SSLEnabledCipherSuites": "wire/test_tls_settings.py::test_sslenabledciphersuites_are_all_that_is_offered",
    "SSLEnabledProtocols": "wire/test_tls_settings.py::test_sslenabledprotocols_are_the_versions_offered",
    "SSLIncludeCertChain": "wire/test_tls_settings.py::test_sslincludecertchain_shows_the_issuers_too",
    "SSLProvider": "wire/test_tls_settings.py::test_the_lists_count_with_the_internal_api_only",
    "SSLSecurityFlags": "wire/test_tls_settings.py::test_sslsecurityflags_forgive_what_they_name_and_nothing_else",
    "SelectWaitMillis": "wire/test_do_events.py::test_nothing_to_tell_takes_as_long_as_it_may",
    "SendRSET": "wire/test_recipient_refusal.py::test_without_sendrset_a_transaction_given_up_ends_the_session",
    "StopOnBccErrors": "wire/test_recipient_refusal.py::test_a_refusal_stops_the_message_or_leaves_one_out",
    "StopOnCcErrors": "wire/test_recipient_refusal.py::test_a_refusal_stops_the_message_or_leaves_one_out",
    "StopOnToErrors": "wire/test_recipient_refusal.py::test_a_refusal_stops_the_message_or_leaves_one_out",
    "TCPKeepAlive": "wire/test_connection_settings.py::test_tcpkeepalive_is_on_the_socket",
    "TLS12SignatureAlgorithms": "wire/test_tls_settings.py::test_the_lists_of_tls_1_2_are_offered",
    "TLS12SupportedGroups": "wire/test_tls_settings.py::test_the_lists_of_tls_1_2_are_offered",
    "TLS13KeyShareGroups": "wire/test_tls_settings.py::test_the_lists_of_tls_1_3_are_offered",
    "TLS13SignatureAlgorithms": "wire/test_tls_settings.py::test_the_lists_of_tls_1_3_are_offered",
    "TLS13SupportedGroups": "wire/test_tls_settings.py::test_the_lists_of_tls_1_3_are_offered",
    "TcpNoDelay": "wire/test_connection_settings.py::test_tcpnodelay_is_on_the_socket",
    "TransferText": "wire/test_events.py::test_transfer_counts_the_body_and_shows_each_piece",
    "UseInternalSecurityAPI": "wire/test_tls_settings.py::test_the_lists_count_with_the_internal_api_only",
    "UseIPv6": "wire/test_connection_settings.py::test_useipv6_decides_between_the_addresses_of_a_name",
    # Ours.
    "CheckCertificateDates": "wire/test_failed_encryption.py::"
    "test_one_recipient_whose_certificate_cannot_be_used_keeps_the_message_from_all",
    "CheckCertificatePurpose": "wire/test_failed_encryption.py::"
    "test_certificates_for_something_else_and_weak_ones_can_be_allowed",
    "DSNEnvelopeId": "wire/test_delivery_status_notifications.py::test_mail_has_ret_and_envid",
    "DSNReturn": "wire/test_delivery_status_notifications.py::test_mail_has_ret_and_envid",
    "DetachedSignature": "unit/interface/test_signatures.py::test_detachedsignature_decides_where_the_content_is",
    "IssuerCertificatesFile": "unit/interface/test_signatures.py::"
    "test_issuercertificatesfile_completes_the_chain_and_leaves_out_the_root",
    "MinimumRSAKeyBits": "wire/test_failed_encryption.py::"
    "test_certificates_for_something_else_and_weak_ones_can_be_allowed",
    "OAEPHashAlgorithm": "unit/interface/test_encryption.py::test_useoaep_and_its_hash_are_in_the_message",
    "StopOnQueueErrors": "wire/test_queue.py::test_stoponqueueerrors_leaves_the_rest",
    "UseChunking": "wire/test_chunking.py::test_data_is_used_unless_both_sides_want_chunks",
    "UseOAEP": "unit/interface/test_encryption.py::test_useoaep_and_its_hash_are_in_the_message",
    "UsePSS": "unit/interface/test_signatures.py::test_usepss_is_in_the_signature",
    "UsePipelining": "wire/test_pipelining.py::test_an_offer_of_pipelining_need_not_be_taken_up",
}
"""Where the effect of each setting is tested: file and function."""

ROWS = list(SETTINGS.values())


def expects_a_test(row: ConfigDef) -> bool:
    return row.support is not Support.NONE and WITHOUT_EFFECT not in row.doc


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_setting_has_a_test_of_its_effect_or_a_reason_in_its_row(row: ConfigDef):
    assert (row.name in EFFECTS) == expects_a_test(row)


@pytest.mark.parametrize(("setting", "place"), EFFECTS.items(), ids=EFFECTS)
def test_the_test_of_a_setting_is_there_and_uses_it(setting: str, place: str):
    assert setting.lower() in SETTINGS
    file, _, name = place.partition("::")
    source = (TESTS / file).read_text(encoding="utf-8")
    (function,) = (node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef) and node.name == name)
    first = min(node.lineno for node in (function, *function.decorator_list))
    text = "\n".join(source.splitlines()[first - 1 : function.end_lineno])
    assert setting in text
