"""The documented numbers with names: property ids, event ids and the values of the enumerated properties.

Each is an :class:`enum.IntEnum`, so a bare number from a ported script works wherever a name does. How well each number
is supported stands in the row that uses it.
"""

from __future__ import annotations

from enum import IntEnum, unique

__all__ = [
    "AuthMechanisms",
    "CertStoreTypes",
    "EventID",
    "FirewallTypes",
    "Importance",
    "Priority",
    "PropertyID",
    "RecipientTypes",
    "SSLStartModes",
    "Sensitivity",
]


@unique
class PropertyID(IntEnum):
    """Ids for ``ssmtp_get`` and ``ssmtp_set``."""

    __hash__ = int.__hash__  # every value is looked up by these; Enum's own hash goes through the name, in Python

    Version = 0
    AllowExtensions = 1
    AuthMechanism = 2
    BCc = 3
    Cc = 4
    CertEncoded = 5
    CertStore = 6
    CertStorePassword = 7
    CertStoreType = 8
    CertSubject = 9
    Command = 10
    Connected = 11
    DeliveryNotificationTo = 12
    EncryptingAlgorithm = 13
    FirewallAutoDetect = 14
    FirewallType = 15
    FirewallHost = 16
    FirewallPassword = 17
    FirewallPort = 18
    FirewallUser = 19
    From = 20
    Idle = 21
    Importance = 22
    IncludeCertificate = 23
    IncludeChain = 24
    LastReply = 25
    LocalHost = 26
    MailPort = 27
    MailServer = 28
    Message = 29
    MessageDate = 30
    MessageHeaderCount = 31
    MessageHeaderField = 32
    MessageHeaderValue = 33
    MessageHeadersString = 34
    MessageId = 35
    MessageRecipientCount = 36
    MessageRecipientAddress = 37
    MessageRecipientName = 38
    MessageRecipientOptions = 39
    MessageRecipientType = 40
    MessageText = 41
    OtherHeaders = 42
    Password = 43
    Priority = 44
    ReadReceiptTo = 45
    ReplyTo = 46
    ReturnPath = 47
    SendTo = 48
    Sensitivity = 49
    SigningAlgorithm = 50
    SSLAcceptServerCertEncoded = 51
    SSLCertEncoded = 52
    SSLCertStore = 53
    SSLCertStorePassword = 54
    SSLCertStoreType = 55
    SSLCertSubject = 56
    SSLEnabled = 57
    SSLServerCertEncoded = 58
    SSLStartMode = 59
    Subject = 60
    Timeout = 61
    User = 62
    RuntimeLicense = 2011


@unique
class EventID(IntEnum):
    """Ids for ``ssmtp_register_callback``."""

    __hash__ = int.__hash__  # as above

    ConnectionStatus = 1
    EndTransfer = 2
    Error = 3
    Expand = 4
    PITrail = 5
    SSLServerAuthentication = 6
    SSLStatus = 7
    StartTransfer = 8
    Transfer = 9


@unique
class AuthMechanisms(IntEnum):
    """Values of AuthMechanism."""

    amUserPassword = 0
    amCRAMMD5 = 1
    amNTLM = 2
    amAPOP = 3
    amSASLPlain = 4
    amSASLDigestMD5 = 5
    amKerberos = 6
    amXOAUTH2 = 7


@unique
class FirewallTypes(IntEnum):
    """Values of FirewallType. SOCKS4A belongs to later editions of the vendor's product."""

    fwNone = 0
    fwTunnel = 1
    fwSOCKS4 = 2
    fwSOCKS5 = 3
    fwSOCKS4A = 10


@unique
class CertStoreTypes(IntEnum):
    """Values of CertStoreType and SSLCertStoreType."""

    cstUser = 0
    cstMachine = 1
    cstPFXFile = 2
    cstPFXBlob = 3
    cstJKSFile = 4
    cstJKSBlob = 5
    cstPEMKeyFile = 6
    cstPEMKeyBlob = 7
    cstPublicKeyFile = 8
    cstPublicKeyBlob = 9
    cstSSHPublicKeyBlob = 10
    cstP7BFile = 11
    cstP7BBlob = 12
    cstSSHPublicKeyFile = 13
    cstPPKFile = 14
    cstPPKBlob = 15
    cstXMLFile = 16
    cstXMLBlob = 17
    cstJWKFile = 18
    cstJWKBlob = 19
    cstSecurityKey = 20
    cstAuto = 99


@unique
class SSLStartModes(IntEnum):
    """Values of SSLStartMode."""

    sslAutomatic = 0
    sslImplicit = 1
    sslExplicit = 2
    sslNone = 3


@unique
class Importance(IntEnum):
    """Values of Importance."""

    miUnspecified = 0
    miHigh = 1
    miNormal = 2
    miLow = 3


@unique
class Priority(IntEnum):
    """Values of Priority."""

    epUnspecified = 0
    epNormal = 1
    epUrgent = 2
    epNonUrgent = 3


@unique
class Sensitivity(IntEnum):
    """Values of Sensitivity."""

    esUnspecified = 0
    esPersonal = 1
    esPrivate = 2
    esCompanyConfidential = 3


@unique
class RecipientTypes(IntEnum):
    """Values of MessageRecipientType."""

    rtTo = 0
    rtCc = 1
    rtBCc = 2
