"""The 62 documented properties, the version number and the runtime licence, one row each, in the order of their ids."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from .enums import (
    AuthMechanisms,
    CertStoreTypes,
    FirewallTypes,
    Importance,
    Priority,
    PropertyID,
    RecipientTypes,
    Sensitivity,
    SSLStartModes,
)
from .errors import ErrorCode
from .schema import Access, Evidence, PropertyDef, Support, ValueType, WritableWhen

__all__ = ["PROPERTIES", "PropertyID"]

_OVERVIEW: Final = "SSMTP class overview, 2020 PHP edition"
_HEADER: Final = "2020 C++ header of the plain SMTP class"
_CERTIFICATE_TYPE: Final = "Certificate type page (sibling, 2016 .NET edition)"
_SUBJECT_PAGES: Final = "AmazonSES and PFileMailer SSLCertSubject pages (siblings, 2020)"
_STORE_PAGES: Final = "vendor S/MIME samples; certificate store pages of siblings"


# The vendor's headers declare every number as a 32-bit signed int, so no ported script can hold a larger one.
_INT_MAX: Final = 2**31 - 1
_PORT_MAX: Final = 65535
# RFC 5321 4.5.3.1.8 makes a server take 100 recipients a transaction and known relays stop in the tens of thousands.
# The bound keeps a wrong number in the count from reserving memory for millions of empty entries.
_MOST_RECIPIENTS: Final = 100_000

_ROWS: Final = (
    PropertyDef(
        id=PropertyID.Version,
        value_type=ValueType.TEXT,
        default="",
        access=Access.READ_ONLY,
        doc="Name and version number of this library. It never claims to be a build of the vendor's product.",
        evidence=Evidence.SIBLING,
        default_evidence=Evidence.OURS,
        source=f"{_HEADER}; the text is ours",
    ),
    PropertyDef(
        id=PropertyID.AllowExtensions,
        value_type=ValueType.BOOL,
        default=True,
        doc="Whether the session is opened with EHLO (RFC 5321 4.1.1.1), with HELO tried in its place when the server "
        "refuses that. False sends HELO at once. Without an answer to EHLO no extension is known: no STARTTLS, no "
        "AUTH, no SIZE, no 8BITMIME.",
        evidence=Evidence.DOCUMENTED,
        default_evidence=Evidence.DOCUMENTED,
        source="SSMTP AllowExtensions page, 2020 C++Builder edition",
    ),
    PropertyDef(
        id=PropertyID.AuthMechanism,
        value_type=ValueType.INT,
        default=int(AuthMechanisms.amUserPassword),
        choices=AuthMechanisms,
        doc="SASL mechanism for logging on with User and Password (RFC 4954). 0 picks the first of these that the "
        "server has: inside TLS SCRAM-SHA-256, SCRAM-SHA-1, PLAIN, LOGIN, CRAM-MD5, DIGEST-MD5; without TLS the two "
        "SCRAMs, CRAM-MD5, DIGEST-MD5, PLAIN, LOGIN; with a client certificate (SSLCertSubject) and no Password it is "
        "EXTERNAL (RFC 4422), where the certificate proves what the password does otherwise. "
        "1 insists on CRAM-MD5, 4 on PLAIN, 5 on DIGEST-MD5. 7 is XOAUTH2, "
        "or OAUTHBEARER (RFC 7628) where the server has only that; the token stands in Password, or in "
        "AuthorizationIdentity behind the word Bearer. SCRAM binds to the TLS connection where the server offers it "
        "(PLUS: tls-exporter of RFC 9266 in TLS 1.3, tls-unique of RFC 5929 before), NTLM and Kerberos bind to the "
        "server's certificate (RFC 5929). "
        "3 (APOP) belongs to POP3, has no form in SMTP and is refused. "
        "Nothing is sent while User is empty. 2 is NTLM "
        r"(MS-SMTPNTLM), which needs the extra ntlm; User is DOMAIN\name, name@domain or a name alone. 6 is "
        "Kerberos (GSSAPI, RFC 4752), which needs the extra kerberos: with a Password it asks for User's ticket, and "
        "without one takes it from the credential cache; MailServer has to be the name that the server's key is for. "
        "Timeout does not count while Kerberos waits for its key distribution centre, and Interrupt does not end that.",
        evidence=Evidence.OURS,
        default_evidence=Evidence.INFERRED,
        source=f"{_HEADER} (names and numbers); what 0 takes, and where the token stands, is ours",
    ),
    PropertyDef(
        id=PropertyID.BCc,
        value_type=ValueType.TEXT,
        default="",
        doc="Addresses of blind copies, separated by commas. Each gets a RCPT command and none appears in the message. "
        "A refused one fires Error and is left out, unless StopOnBccErrors says otherwise. A new value takes the place "
        "of the entries that this property made before.",
        header=True,
        single_line=True,
        evidence=Evidence.OURS,
        default_evidence=Evidence.SIBLING,
        source="PSMTP BCc page (sibling, 2020); that a new value replaces the old one is ours",
    ),
    PropertyDef(
        id=PropertyID.Cc,
        value_type=ValueType.TEXT,
        default="",
        doc="Addresses of copies, separated by commas, in the forms of RFC 5322 3.4. Each gets a RCPT command, and "
        "together they make the Cc header field, folded at MaxHeaderLength. A refused one ends the send, unless "
        "StopOnCcErrors is False. A new value takes the place of the entries that this property made before.",
        header=True,
        single_line=True,
        evidence=Evidence.OURS,
        default_evidence=Evidence.SIBLING,
        source="SMTP Cc page (sibling, 2020); that a new value replaces the old one is ours",
    ),
    PropertyDef(
        id=PropertyID.CertEncoded,
        value_type=ValueType.BINARY,
        default=b"",
        doc="The signer's certificate as PEM text; bare base64 and DER are taken as well. A certificate that is set "
        "here gets its private key from CertStore, and CertSubject then shows its subject, or nothing where the store "
        "lacks the key. It reads as the certificate now selected for Sign, empty when there is none.",
        evidence=Evidence.SIBLING,
        default_evidence=Evidence.INFERRED,
        source=_CERTIFICATE_TYPE,
    ),
    PropertyDef(
        id=PropertyID.CertStore,
        value_type=ValueType.BINARY,
        default=b"MY",
        doc="The store that holds the signer's certificate and private key; CertStoreType tells how it is read. For a "
        "file type it is a path, for a blob type the content itself, raw or in base64, for a PKCS #11 token the path "
        "of its module or a URI (RFC 7512) such as 'pkcs11:token=mail?module-path=/usr/lib/softhsm/libsofthsm2.so', "
        "and for the two Windows types the name of a system store. It is opened when it is first needed.",
        # A blob may be an unprotected private key.
        secret=True,
        evidence=Evidence.SIBLING,
        default_evidence=Evidence.INFERRED,
        source=_STORE_PAGES,
    ),
    PropertyDef(
        id=PropertyID.CertStorePassword,
        value_type=ValueType.TEXT,
        default="",
        doc="Password that opens CertStore, for a store or a private key that is encrypted, or the PIN of a token. Set "
        "it before CertSubject.",
        secret=True,
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=_OVERVIEW,
    ),
    PropertyDef(
        id=PropertyID.CertStoreType,
        value_type=ValueType.INT,
        default=int(CertStoreTypes.cstUser),
        choices=CertStoreTypes,
        doc="How CertStore is read; of each pair one is a file and the other its content. 2 and 3: PFX (PKCS #12). 4 "
        "and 5: a Java key store (JKS, JCEKS, or the PKCS #12 that keytool writes). 6 and 7: PEM blocks with private "
        "key and certificate. 8 and 9: certificates or a public key in PEM or DER. 11 and 12: PKCS #7 (P7B). 13 and "
        "10: SSH public keys. 14 and 15: a private key of PuTTY. 16 and 17: XML with RSAKeyValue and X509Data. 18 and "
        "19: a JSON Web Key or a set of them. 20: a PKCS #11 token. 99 finds out whether CertStore is the path of a "
        "file, a token or content, and of which kind. Where the store has a private key without its certificate, "
        "CertEncoded supplies it; a public key alone cannot sign. 0 and 1, the stores of Windows, are refused on every "
        "system.",
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=f"{_HEADER} (names and numbers); {_STORE_PAGES}",
        support=Support.PARTIAL,
        support_note="the certificate stores of Windows",
    ),
    PropertyDef(
        id=PropertyID.CertSubject,
        value_type=ValueType.TEXT,
        default="",
        doc="Selects the signer's certificate in CertStore: the one whose subject equals this text, in either order of "
        "its parts, else the first whose subject contains it, upper and lower case alike. '*' takes the first one with "
        "a private key. Set it last of the CertStore properties; it then reads as the full subject, and as empty where "
        "nothing fits. Beyond that it takes an e-mail address of the certificate, its SHA-1 or SHA-256 thumbprint, and "
        "its serial number.",
        evidence=Evidence.SIBLING,
        default_evidence=Evidence.SIBLING,
        source=f"{_SUBJECT_PAGES}; the order for '*', the address, the thumbprint and the serial number are ours",
    ),
    PropertyDef(
        id=PropertyID.Command,
        value_type=ValueType.TEXT,
        default="",
        access=Access.WRITE_ONLY,
        doc="A command line of the caller's own for the open session. Setting it sends the line and waits for the "
        "whole reply, which LastReply then holds; a refusal is a reply like any other. AUTH, BDAT, DATA and STARTTLS "
        "are refused (code 20005), because what has to follow them is no command, and without a session the code is "
        "1117. It reads as empty.",
        single_line=True,
        evidence=Evidence.SIBLING,
        default_evidence=Evidence.SIBLING,
        source="FileMailer Command page (sibling, V9)",
    ),
    PropertyDef(
        id=PropertyID.Connected,
        value_type=ValueType.BOOL,
        default=False,
        doc="Whether a session with MailServer is open. Setting it to True does what Connect does and False what "
        "Disconnect does; the value that it has already changes nothing.",
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=f"{_OVERVIEW}; {_HEADER} (can be set)",
    ),
    PropertyDef(
        id=PropertyID.DeliveryNotificationTo,
        value_type=ValueType.TEXT,
        default="",
        doc="Address that is to hear of the delivery. When not empty it makes a Return-Receipt-To header field, and "
        "where the server has DSN (RFC 3461) NOTIFY=SUCCESS,FAILURE goes with each recipient without a NOTIFY of its "
        "own. What the server notifies of goes to the sender: the address in ReturnPath or From.",
        header=True,
        single_line=True,
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=f"{_OVERVIEW}; header field and NOTIFY are ours",
    ),
    PropertyDef(
        id=PropertyID.EncryptingAlgorithm,
        value_type=ValueType.TEXT,
        default="AESCBC256",
        doc="Cipher of Encrypt and SignAndEncrypt: AESCBC128 (or AES), AESCBC192, AESCBC256, 3DES, DES, RC2CBC128 (or "
        "RC2), RC2CBC64 or RC2CBC40, or the OID of one of these (RC2's means RC2CBC128); upper and lower case are "
        "alike. AESGCM128, AESGCM192 and AESGCM256 are an addition of this library: they make an AuthEnvelopedData "
        "(RFC 5083, RFC 5084), in which changes are noticed, but which older readers do not know. It reads back as it "
        "was set. 3DES is weak; DES and RC2 protect nothing today and serve only very old readers, and RC2CBC64 and "
        "RC2CBC40 take two seconds a megabyte. A name that is not known is reported when encrypting.",
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.OURS,
        source="SMIME RecipientInfo event page, 2020 Qt edition (names); GCM is ours",
    ),
    PropertyDef(
        id=PropertyID.FirewallAutoDetect,
        value_type=ValueType.BOOL,
        default=False,
        doc="Whether the proxy that the environment names, if any, is used when FirewallHost is empty: ALL_PROXY or "
        "HTTPS_PROXY, but for the hosts of NO_PROXY, the lower-case names first. FirewallUser and FirewallPassword go "
        "with it where its URL has neither, and FirewallData does.",
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=_OVERVIEW,
    ),
    PropertyDef(
        id=PropertyID.FirewallType,
        value_type=ValueType.INT,
        default=int(FirewallTypes.fwNone),
        choices=FirewallTypes,
        doc="Kind of proxy between here and MailServer. 0 goes without, 1 is HTTP CONNECT (RFC 9110 9.3.6), 2 SOCKS4, "
        "3 SOCKS5 (RFC 1928) and 10 SOCKS4A. Choosing a kind also sets FirewallPort to its usual port.",
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=f"{_HEADER} (names and numbers); FirewallType page of a sibling",
    ),
    PropertyDef(
        id=PropertyID.FirewallHost,
        value_type=ValueType.TEXT,
        default="",
        doc="Name or address of the proxy. A name outside ASCII is taken by IDNA 2008 (RFC 5891).",
        single_line=True,
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=_OVERVIEW,
    ),
    PropertyDef(
        id=PropertyID.FirewallPassword,
        value_type=ValueType.TEXT,
        default="",
        doc="Password for a proxy that asks for one. HTTP CONNECT takes the strongest that the proxy offers of Digest "
        "(RFC 7616), Negotiate and NTLM (with the extra ntlm) and Basic (RFC 7617); SOCKS5 has RFC 1929, SOCKS4 none.",
        # RFC 7617 2 bars control characters from a Basic password.
        single_line=True,
        secret=True,
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=_OVERVIEW,
    ),
    PropertyDef(
        id=PropertyID.FirewallPort,
        value_type=ValueType.INT,
        default=0,
        minimum=0,
        maximum=_PORT_MAX,
        doc="TCP port of the proxy. Choosing FirewallType puts 80 here for HTTP CONNECT and 1080 for SOCKS, so a port "
        "of one's own is set after it.",
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=f"{_OVERVIEW}; FirewallType page of a sibling",
    ),
    PropertyDef(
        id=PropertyID.FirewallUser,
        value_type=ValueType.TEXT,
        default="",
        doc="User name for a proxy that asks for one; with SOCKS4 it is the user id of the request.",
        single_line=True,
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=_OVERVIEW,
    ),
    PropertyDef(
        id=PropertyID.From,
        value_type=ValueType.TEXT,
        default="",
        doc="The sender's address, with a name if wanted. It makes the From header field (RFC 5322 3.6.2), and its "
        "bare address goes into MAIL FROM unless ReturnPath is set. Without either nothing is sent (code 165). Of "
        "several addresses the first is the sender, in MAIL FROM and in a Sender header field.",
        header=True,
        single_line=True,
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=_OVERVIEW,
    ),
    PropertyDef(
        id=PropertyID.Idle,
        value_type=ValueType.BOOL,
        default=True,
        access=Access.READ_ONLY,
        doc="False while a method runs on this handle, which a callback or another thread can see; True otherwise.",
        evidence=Evidence.SIBLING,
        default_evidence=Evidence.SIBLING,
        source="SFTP Idle page (sibling)",
    ),
    PropertyDef(
        id=PropertyID.Importance,
        value_type=ValueType.INT,
        default=int(Importance.miUnspecified),
        choices=Importance,
        doc="Makes an Importance header field (RFC 4021): 1 high, 2 normal, 3 low. 0 leaves it out.",
        header=True,
        evidence=Evidence.SIBLING,
        default_evidence=Evidence.SIBLING,
        source="SMTP Importance page (sibling, 2020); the words are those of the RFC",
    ),
    PropertyDef(
        id=PropertyID.IncludeCertificate,
        value_type=ValueType.BOOL,
        default=True,
        doc="Whether Sign and SignAndEncrypt put the signer's certificate into the signature (certificates of "
        "SignedData, RFC 5652 5.1). Without it only a reader who already has the certificate can verify.",
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=f"{_OVERVIEW}; vendor S/MIME samples",
    ),
    PropertyDef(
        id=PropertyID.IncludeChain,
        value_type=ValueType.BOOL,
        default=False,
        doc="Whether the issuers' certificates that CertStore or the file of IssuerCertificatesFile holds are put into "
        "the signature beside the signer's, the root left out. It matters only with IncludeCertificate.",
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=f"{_OVERVIEW}; leaving out the root is ours",
    ),
    PropertyDef(
        id=PropertyID.LastReply,
        value_type=ValueType.TEXT,
        default="",
        access=Access.READ_ONLY,
        doc="The server's last reply with its code. Several lines are joined with CRLF, without one at the end. When a "
        "refusal ends a delivery it stays here, in spite of the replies to what was under way with it and to the RSET "
        "and QUIT that follow by themselves.",
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=f"{_OVERVIEW}; that a refusal stays is ours",
    ),
    PropertyDef(
        id=PropertyID.LocalHost,
        value_type=ValueType.TEXT,
        default="",
        doc="Name or address of the local interface that connections are made from; empty leaves the choice to the "
        "system, and then it reads as this host's name. During a connection it reads as the local address in use and "
        "cannot be changed (code 107).",
        writable_when=WritableWhen.DISCONNECTED,
        locked_error=ErrorCode.LOCAL_HOST_LOCKED,
        single_line=True,
        evidence=Evidence.SIBLING,
        default_evidence=Evidence.SIBLING,
        source="MX LocalHost page (sibling, 2020)",
    ),
    PropertyDef(
        id=PropertyID.MailPort,
        value_type=ValueType.INT,
        default=25,
        minimum=1,
        maximum=_PORT_MAX,
        doc="TCP port of MailServer: 25 for relaying, 587 for submission (RFC 6409), 465 for submission inside TLS "
        "(RFC 8314). It cannot be changed during a connection (code 100).",
        writable_when=WritableWhen.DISCONNECTED,
        locked_error=ErrorCode.PORT_LOCKED,
        evidence=Evidence.SIBLING,
        default_evidence=Evidence.DOCUMENTED,
        source=f"SMTP MailPort page (sibling); {_OVERVIEW} (default)",
    ),
    PropertyDef(
        id=PropertyID.MailServer,
        value_type=ValueType.TEXT,
        default="",
        doc="Name or address of the relay; a server's TLS certificate has to fit it. A name outside ASCII is taken by "
        "IDNA 2008 (RFC 5891). It reads back as it was set, not as the address that was found for it. Empty is an "
        "error when connecting (code 163), and it cannot be changed during a connection (code 101).",
        writable_when=WritableWhen.DISCONNECTED,
        locked_error=ErrorCode.HOST_LOCKED,
        single_line=True,
        evidence=Evidence.OURS,
        default_evidence=Evidence.SIBLING,
        source="PFileMailer MailServer page (sibling, 2020); keeping the name is ours",
    ),
    PropertyDef(
        id=PropertyID.Message,
        value_type=ValueType.BINARY,
        default=b"",
        doc="A whole message, header and body, made elsewhere. When not empty it is what Send sends, changed only in "
        "its line endings, by dot transparency (RFC 5321 4.5.2) and by the removal of Bcc fields; header properties "
        "and MessageText then stay out of it. Sender and recipients come from the properties all the same. While it is "
        "set, Sign and Encrypt fail.",
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=_OVERVIEW,
    ),
    PropertyDef(
        id=PropertyID.MessageDate,
        value_type=ValueType.TEXT,
        default="*",
        doc="The Date header field (RFC 5322 3.6.1), used as it stands. '*' means the moment at which the header is "
        "made, with a numeric zone; empty leaves the field out.",
        header=True,
        single_line=True,
        evidence=Evidence.DOCUMENTED,
        default_evidence=Evidence.DOCUMENTED,
        source="SSMTP MessageDate page, 2020 C++ edition",
    ),
    PropertyDef(
        id=PropertyID.MessageHeaderCount,
        value_type=ValueType.INT,
        default=0,
        minimum=0,
        maximum=_INT_MAX,
        access=Access.READ_ONLY,
        doc="Number of header fields of the message as it would be sent now; the length of the MessageHeader arrays, "
        "whose first index is 0. Those of Message end, as for mail servers, before the first line that is no field.",
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=_OVERVIEW,
    ),
    PropertyDef(
        id=PropertyID.MessageHeaderField,
        value_type=ValueType.TEXT,
        default="",
        access=Access.READ_ONLY,
        indexed_by=PropertyID.MessageHeaderCount,
        doc="Name of one header field, in the spelling in which it is sent.",
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=_OVERVIEW,
    ),
    PropertyDef(
        id=PropertyID.MessageHeaderValue,
        value_type=ValueType.TEXT,
        default="",
        access=Access.READ_ONLY,
        indexed_by=PropertyID.MessageHeaderCount,
        doc="Content of one header field, unfolded (RFC 5322 2.2.3).",
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=_OVERVIEW,
    ),
    PropertyDef(
        id=PropertyID.MessageHeadersString,
        value_type=ValueType.TEXT,
        default="",
        access=Access.READ_ONLY,
        doc="The whole header of the message as it would be sent now, OtherHeaders included, each line ending with "
        "CRLF. Without an open session a server with 8BITMIME (RFC 6152) is assumed.",
        evidence=Evidence.SIBLING,
        default_evidence=Evidence.SIBLING,
        source="SMTP MessageHeadersString page (sibling, 2020)",
    ),
    PropertyDef(
        id=PropertyID.MessageId,
        value_type=ValueType.TEXT,
        default="*",
        doc="The Message-ID header field (RFC 5322 3.6.4); angle brackets are added where they are missing. '*' makes "
        "a new one for each message, hashed as MessageIdAlgorithm says; empty leaves the field out.",
        header=True,
        single_line=True,
        evidence=Evidence.SIBLING,
        default_evidence=Evidence.SIBLING,
        source="SFileMailer MessageId page (sibling, 2020)",
    ),
    PropertyDef(
        id=PropertyID.MessageRecipientCount,
        value_type=ValueType.INT,
        default=0,
        minimum=0,
        maximum=_MOST_RECIPIENTS,
        doc="Length of the MessageRecipient arrays, whose first index is 0; SendTo, Cc and BCc put their entries there "
        "too. A larger number adds empty entries of type To, a smaller one drops entries from the end, and 0 drops "
        "all.",
        header=True,
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=f"{_OVERVIEW}; SMTP Cc page (sibling, 2020)",
    ),
    PropertyDef(
        id=PropertyID.MessageRecipientAddress,
        value_type=ValueType.TEXT,
        default="",
        indexed_by=PropertyID.MessageRecipientCount,
        doc="One recipient's bare address, for RCPT TO and for the To or Cc header field.",
        header=True,
        single_line=True,
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=_OVERVIEW,
    ),
    PropertyDef(
        id=PropertyID.MessageRecipientName,
        value_type=ValueType.TEXT,
        default="",
        indexed_by=PropertyID.MessageRecipientCount,
        doc="One recipient's name, written before the address in the To or Cc header field, quoted or encoded where "
        "that is needed (RFC 5322 3.4, RFC 2047).",
        header=True,
        single_line=True,
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=_OVERVIEW,
    ),
    PropertyDef(
        id=PropertyID.MessageRecipientOptions,
        value_type=ValueType.TEXT,
        default="",
        indexed_by=PropertyID.MessageRecipientCount,
        doc="One recipient's options of RCPT TO (RFC 3461 4): NOTIFY=NEVER, or some of SUCCESS, FAILURE and DELAY, as "
        "in NOTIFY=SUCCESS,FAILURE,DELAY, and ORCPT=rfc822; or ORCPT=utf-8; (RFC 6533) with the original address in "
        "xtext. A blank in place of the equals sign is taken too. What does not follow the grammar is refused (code "
        "20005). When not empty, Send fails with a server that does not offer DSN.",
        header=True,
        single_line=True,
        evidence=Evidence.SIBLING,
        default_evidence=Evidence.SIBLING,
        source="SMTP MessageRecipientOptions page (sibling); the checks are ours",
    ),
    PropertyDef(
        id=PropertyID.MessageRecipientType,
        value_type=ValueType.INT,
        default=int(RecipientTypes.rtTo),
        choices=RecipientTypes,
        indexed_by=PropertyID.MessageRecipientCount,
        doc="Where one recipient is shown: 0 in the To header field, 1 in Cc, 2 (BCc) nowhere.",
        header=True,
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=f"{_OVERVIEW}; {_HEADER} (names and numbers)",
    ),
    PropertyDef(
        id=PropertyID.MessageText,
        value_type=ValueType.TEXT,
        default="",
        doc="The body. On its way every line ending becomes CRLF and a dot that begins a line is doubled (RFC 5321 "
        "4.5.2). Text beyond ASCII goes out as 8BITMIME (RFC 6152) where the server has it, else in quoted-printable "
        "or base64. Sign, Encrypt and SignAndEncrypt put their result here.",
        evidence=Evidence.DOCUMENTED,
        default_evidence=Evidence.DOCUMENTED,
        source="SSMTP MessageText page, 2020 PHP edition; the encoding of 8-bit text is ours",
    ),
    PropertyDef(
        id=PropertyID.OtherHeaders,
        value_type=ValueType.TEXT,
        default="",
        doc="Header fields of the caller's own, 'Name: value' lines with CRLF between them, put behind the computed "
        "ones. A value that begins with an empty line takes the place of the computed header as a whole. A field "
        "that a message may have once (RFC 5322 3.6), such as Subject or Date, is an error where it would be a second "
        "one. Sign and Encrypt keep their MIME-Version and Content fields here.",
        header=True,
        evidence=Evidence.SIBLING,
        default_evidence=Evidence.SIBLING,
        source="SMTP OtherHeaders page (sibling, V9); PFileMailer OtherHeaders page (sibling, 2020)",
    ),
    PropertyDef(
        id=PropertyID.Password,
        value_type=ValueType.TEXT,
        default="",
        doc="Password for User, taken as it stands, blanks included. PITrail and error texts never show it.",
        secret=True,
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=_OVERVIEW,
    ),
    PropertyDef(
        id=PropertyID.Priority,
        value_type=ValueType.INT,
        default=int(Priority.epUnspecified),
        choices=Priority,
        doc="Makes a Priority header field (RFC 2156): 1 normal, 2 urgent, 3 non-urgent. 0 leaves it out.",
        header=True,
        evidence=Evidence.SIBLING,
        default_evidence=Evidence.SIBLING,
        source="SMTP Priority page (sibling, 2020); the words are those of the RFC",
    ),
    PropertyDef(
        id=PropertyID.ReadReceiptTo,
        value_type=ValueType.TEXT,
        default="",
        doc="Address that asks to hear when the message is read. When not empty it makes a Disposition-Notification-To "
        "header field (RFC 8098 2.1).",
        header=True,
        single_line=True,
        evidence=Evidence.SIBLING,
        default_evidence=Evidence.SIBLING,
        source="SMTP ReadReceiptTo page (sibling, V9)",
    ),
    PropertyDef(
        id=PropertyID.ReplyTo,
        value_type=ValueType.TEXT,
        default="",
        doc="Where answers should go. When not empty it makes a Reply-To header field (RFC 5322 3.6.2).",
        header=True,
        single_line=True,
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=_OVERVIEW,
    ),
    PropertyDef(
        id=PropertyID.ReturnPath,
        value_type=ValueType.TEXT,
        default="",
        doc="Address for MAIL FROM in place of From's, so that bounces go there; '<>' is the null path, for messages "
        "that must not bounce (RFC 5321 4.5.5). No Return-Path header field is written: the last server adds it (RFC "
        "5321 4.4).",
        header=True,
        single_line=True,
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=_OVERVIEW,
    ),
    PropertyDef(
        id=PropertyID.SendTo,
        value_type=ValueType.TEXT,
        default="",
        doc="Addresses of the recipients, separated by commas, in the forms of RFC 5322 3.4. Each gets a RCPT command, "
        "and together they make the To header field. A new value takes the place of the entries that this property "
        "made before; it reads as every entry of type To. A refused one ends the send unless StopOnToErrors is False, "
        "and AllowEmptyTo permits none.",
        header=True,
        single_line=True,
        evidence=Evidence.OURS,
        default_evidence=Evidence.SIBLING,
        source="PSMTP SendTo page (sibling, 2020); that a new value replaces the old one is ours",
    ),
    PropertyDef(
        id=PropertyID.Sensitivity,
        value_type=ValueType.INT,
        default=int(Sensitivity.esUnspecified),
        choices=Sensitivity,
        doc="Makes a Sensitivity header field (RFC 2156): 1 Personal, 2 Private, 3 Company-Confidential. 0 leaves it "
        "out.",
        header=True,
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=f"{_HEADER} (names and numbers); the words are those of the RFC",
    ),
    PropertyDef(
        id=PropertyID.SigningAlgorithm,
        value_type=ValueType.TEXT,
        default="SHA256",
        doc="Hash of Sign and SignAndEncrypt: SHA224, SHA256, SHA384, SHA512, SHA3-224, SHA3-256, SHA3-384, SHA3-512, "
        "SHA1 or MD5, with or without hyphens, or its OID; upper and lower case are alike. It reads back as it was "
        "set, and the micalg parameter follows it (RFC 8551 3.5.3.2). SHA1 and MD5 are weak and many readers reject "
        "them; an EC key cannot use MD5. An Ed25519 key signs with SHA-512 and an Ed448 key with SHAKE256 whatever is "
        "set here (RFC 8419). A name that is not known is reported when signing.",
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.OURS,
        source=f"{_OVERVIEW}; vendor S/MIME samples",
    ),
    PropertyDef(
        id=PropertyID.SSLAcceptServerCertEncoded,
        value_type=ValueType.BINARY,
        default=b"",
        doc="A server certificate, as PEM text, bare base64 or DER, that is accepted without any other check. When the "
        "server shows another one, or this is empty, verification decides as usual.",
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=_OVERVIEW,
    ),
    PropertyDef(
        id=PropertyID.SSLCertEncoded,
        value_type=ValueType.BINARY,
        default=b"",
        doc="The TLS client certificate; to SSLCertStore what CertEncoded is to CertStore. Without its private key a "
        "connection with TLS fails with code 273.",
        evidence=Evidence.SIBLING,
        default_evidence=Evidence.INFERRED,
        source=_CERTIFICATE_TYPE,
    ),
    PropertyDef(
        id=PropertyID.SSLCertStore,
        value_type=ValueType.BINARY,
        default=b"MY",
        doc="The store that holds the TLS client certificate and its private key; read as CertStore is.",
        # A blob may be an unprotected private key.
        secret=True,
        evidence=Evidence.SIBLING,
        default_evidence=Evidence.INFERRED,
        source=_STORE_PAGES,
    ),
    PropertyDef(
        id=PropertyID.SSLCertStorePassword,
        value_type=ValueType.TEXT,
        default="",
        doc="Password that opens SSLCertStore.",
        secret=True,
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=_OVERVIEW,
    ),
    PropertyDef(
        id=PropertyID.SSLCertStoreType,
        value_type=ValueType.INT,
        default=int(CertStoreTypes.cstUser),
        choices=CertStoreTypes,
        doc="How SSLCertStore is read; the numbers of CertStoreType.",
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=f"{_OVERVIEW}; {_HEADER} (names and numbers)",
        support=Support.PARTIAL,
        support_note="the certificate stores of Windows, and in TLS keys on PKCS #11 tokens",
    ),
    PropertyDef(
        id=PropertyID.SSLCertSubject,
        value_type=ValueType.TEXT,
        default="",
        doc="Selects the TLS client certificate in SSLCertStore, as CertSubject does in CertStore. Without one the "
        "handshake goes on, unless the server insists.",
        evidence=Evidence.SIBLING,
        default_evidence=Evidence.SIBLING,
        source=_SUBJECT_PAGES,
    ),
    PropertyDef(
        id=PropertyID.SSLEnabled,
        value_type=ValueType.BOOL,
        default=False,
        doc="Whether the connection uses TLS; True exactly when SSLStartMode is not 3. Setting it to True turns mode 3 "
        "into 0 and keeps every other mode; False makes the mode 3.",
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=f"{_OVERVIEW}; {_HEADER} (can be set)",
    ),
    PropertyDef(
        id=PropertyID.SSLServerCertEncoded,
        value_type=ValueType.BINARY,
        default=b"",
        access=Access.READ_ONLY,
        doc="The server's certificate as PEM text, from the SSLServerAuthentication event on. Empty before the first "
        "TLS handshake.",
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=f"{_OVERVIEW}; {_HEADER} (cannot be set)",
    ),
    PropertyDef(
        id=PropertyID.SSLStartMode,
        value_type=ValueType.INT,
        default=int(SSLStartModes.sslNone),
        choices=SSLStartModes,
        doc="How TLS begins: 1 with the TCP connection (RFC 8314 3.3), 2 through STARTTLS (RFC 3207), 0 as 2 on ports "
        "25 and 587 and as 1 on every other port, 3 not at all. A server without the STARTTLS that is called for is an "
        "error, never a reason to go on in plain text.",
        evidence=Evidence.OURS,
        default_evidence=Evidence.DOCUMENTED,
        source="SSMTP SSLStartMode page, 2020 Android edition; STARTTLS on port 587 is ours",
    ),
    PropertyDef(
        id=PropertyID.Subject,
        value_type=ValueType.TEXT,
        default="",
        doc="The Subject header field (RFC 5322 3.6.5), folded at MaxHeaderLength and encoded where it is not ASCII "
        "(RFC 2047).",
        header=True,
        single_line=True,
        evidence=Evidence.SIBLING,
        default_evidence=Evidence.SIBLING,
        source="PSMTP Subject page (sibling, 2020)",
    ),
    PropertyDef(
        id=PropertyID.Timeout,
        value_type=ValueType.INT,
        default=60,
        unit="seconds",
        minimum=0,
        maximum=_INT_MAX,
        doc="How long a method waits while nothing is sent or received before it fails with code 301 and the "
        "connection is closed. 0 waits for ever. AbsoluteTimeout makes it the limit of the method as a whole, "
        "ConnectionTimeout sets another limit for connecting.",
        evidence=Evidence.SIBLING,
        default_evidence=Evidence.SIBLING,
        source="AmazonSES Timeout page (sibling, 2020)",
    ),
    PropertyDef(
        id=PropertyID.User,
        value_type=ValueType.TEXT,
        default="",
        doc="User name at MailServer. When not empty the session is authenticated right after the greeting and TLS; a "
        "server that refuses, or offers no AUTH, ends it with an error.",
        single_line=True,
        evidence=Evidence.INFERRED,
        default_evidence=Evidence.INFERRED,
        source=_OVERVIEW,
    ),
    PropertyDef(
        id=PropertyID.RuntimeLicense,
        value_type=ValueType.TEXT,
        default="",
        doc="Stored and read back for scripts that set it; nothing depends on it.",
        evidence=Evidence.SIBLING,
        default_evidence=Evidence.INFERRED,
        source=_HEADER,
    ),
)

PROPERTIES: Final[Mapping[PropertyID, PropertyDef]] = MappingProxyType({PropertyID(row.id): row for row in _ROWS})
"""The properties by id, in the order of their ids."""
