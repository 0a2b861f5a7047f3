"""Encrypted, with a blind copy: blind_copy.py SERVER PORT CA_FILE FROM TO BLIND TO.pem BLIND.pem

An encrypted message names the certificate of each of its readers. So that nobody sees the blind one, he gets a message
of his own, encrypted for him alone.
"""

import sys
from pathlib import Path

import ssmtp_compat as ssmtp
from ssmtp_compat import PropertyID as P
from ssmtp_compat import SSLStartModes

server, port, ca_file, sender, to, blind, to_pem, blind_pem = sys.argv[1:]


def send(certificate: str, recipients: dict[P, str]) -> int:
    handle = ssmtp.ssmtp_open()  # a handle for each message, because recipient certificates stay
    ssmtp.ssmtp_set(handle, P.MailServer, server)
    ssmtp.ssmtp_set(handle, P.MailPort, port)
    ssmtp.ssmtp_set(handle, P.SSLStartMode, SSLStartModes.sslExplicit)
    ssmtp.ssmtp_do_config(handle, f"SSLCACertFilePaths={ca_file}")
    ssmtp.ssmtp_do_config(handle, "AllowEmptyTo=True")
    ssmtp.ssmtp_set(handle, P.From, sender)
    ssmtp.ssmtp_set(handle, P.Subject, "Vertraulich")
    ssmtp.ssmtp_set(handle, P.MessageText, "Der Schlüssel liegt unter der Matte.\n")
    for name, value in recipients.items():
        ssmtp.ssmtp_set(handle, name, value)
    code = ssmtp.ssmtp_do_addrecipientcert(handle, Path(certificate).read_bytes())
    code = code or ssmtp.ssmtp_do_encrypt(handle)
    code = code or ssmtp.ssmtp_do_send(handle)
    print("sent" if code == 0 else f"{code}: {ssmtp.ssmtp_get_last_error(handle)}")
    ssmtp.ssmtp_close(handle)
    return code


code = send(to_pem, {P.SendTo: to})
sys.exit(bool(code or send(blind_pem, {P.BCc: blind, P.OtherHeaders: f"To: {to}"})))
