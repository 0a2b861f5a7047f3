"""Send a plain message: send_plain.py SERVER PORT CA_FILE FROM TO"""

import sys

import ssmtp_compat as ssmtp
from ssmtp_compat import PropertyID as P
from ssmtp_compat import SSLStartModes

server, port, ca_file, sender, recipient = sys.argv[1:]

handle = ssmtp.ssmtp_open()
ssmtp.ssmtp_set(handle, P.MailServer, server)
ssmtp.ssmtp_set(handle, P.MailPort, port)
ssmtp.ssmtp_set(handle, P.SSLStartMode, SSLStartModes.sslExplicit)
ssmtp.ssmtp_do_config(handle, f"SSLCACertFilePaths={ca_file}")

ssmtp.ssmtp_set(handle, P.From, sender)
ssmtp.ssmtp_set(handle, P.SendTo, recipient)
ssmtp.ssmtp_set(handle, P.Subject, "Grüße")
ssmtp.ssmtp_set(handle, P.MessageText, "Schöne Grüße!\n")

code = ssmtp.ssmtp_do_send(handle)
print("sent" if code == 0 else f"{code}: {ssmtp.ssmtp_get_last_error(handle)}")
ssmtp.ssmtp_close(handle)
sys.exit(code != 0)
