"""Queue two messages, then send what waits: queue_and_drain.py SERVER PORT CA_FILE FROM TO DIRECTORY"""

import sys
from typing import Any

import ssmtp_compat as ssmtp
from ssmtp_compat import EventID, SSLStartModes
from ssmtp_compat import PropertyID as P

server, port, ca_file, sender, recipient, directory = sys.argv[1:]

handle = ssmtp.ssmtp_open()
ssmtp.ssmtp_set(handle, P.From, sender)
ssmtp.ssmtp_set(handle, P.SendTo, recipient)
for subject in ("Erstens", "Zweitens"):
    ssmtp.ssmtp_set(handle, P.Subject, subject)
    ssmtp.ssmtp_set(handle, P.MessageText, "Das hat Zeit bis später.\n")
    if not ssmtp.ssmtp_do_queue(handle, directory):  # no server is asked; the message is on the disk
        sys.exit(ssmtp.ssmtp_get_last_error(handle))


def on_error(event: dict[str, Any]) -> None:
    print(f"{event['errorcode']}: {event['description']}")  # for each file that is not sent, and the others go on


ssmtp.ssmtp_register_callback(handle, EventID.Error, on_error)
ssmtp.ssmtp_set(handle, P.MailServer, server)
ssmtp.ssmtp_set(handle, P.MailPort, port)
ssmtp.ssmtp_set(handle, P.SSLStartMode, SSLStartModes.sslExplicit)
ssmtp.ssmtp_do_config(handle, f"SSLCACertFilePaths={ca_file}")
code = ssmtp.ssmtp_do_processqueue(handle, directory)  # oldest first, all over one connection
print("all sent" if code == 0 else "something waits, or failed")
ssmtp.ssmtp_close(handle)
sys.exit(code != 0)
