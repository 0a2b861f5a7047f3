"""Sign, encrypt and send: sign_and_encrypt.py SERVER PORT CA_FILE FROM TO SIGNER.pfx RECIPIENT.pem

The password of the PFX file is taken from the environment variable PFX_PASSWORD.
"""

import os
import sys
from pathlib import Path

import ssmtp_compat as ssmtp
from ssmtp_compat import CertStoreTypes, SSLStartModes
from ssmtp_compat import PropertyID as P

server, port, ca_file, sender, recipient, signer_pfx, recipient_pem = sys.argv[1:]

handle = ssmtp.ssmtp_open()
ssmtp.ssmtp_set(handle, P.MailServer, server)
ssmtp.ssmtp_set(handle, P.MailPort, port)
ssmtp.ssmtp_set(handle, P.SSLStartMode, SSLStartModes.sslExplicit)
ssmtp.ssmtp_do_config(handle, f"SSLCACertFilePaths={ca_file}")
ssmtp.ssmtp_set(handle, P.From, sender)
ssmtp.ssmtp_set(handle, P.SendTo, recipient)
ssmtp.ssmtp_set(handle, P.Subject, "Vertraulich")
ssmtp.ssmtp_set(handle, P.MessageText, "Nur für dich: der Schlüssel liegt unter der Matte.\n")

ssmtp.ssmtp_set(handle, P.CertStoreType, CertStoreTypes.cstPFXFile)
ssmtp.ssmtp_set(handle, P.CertStore, signer_pfx)
ssmtp.ssmtp_set(handle, P.CertStorePassword, os.environ["PFX_PASSWORD"])
code = ssmtp.ssmtp_set(handle, P.CertSubject, "*")  # the first certificate with a private key
code = code or ssmtp.ssmtp_do_addrecipientcert(handle, Path(recipient_pem).read_bytes())
code = code or ssmtp.ssmtp_do_signandencrypt(handle)
code = code or ssmtp.ssmtp_do_send(handle)  # only what is signed and encrypted is ever sent
print("sent" if code == 0 else f"{code}: {ssmtp.ssmtp_get_last_error(handle)}")
ssmtp.ssmtp_close(handle)
sys.exit(code != 0)
