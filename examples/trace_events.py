"""Watch a delivery through its events: trace_events.py SERVER PORT CA_FILE FROM TO"""

import sys
from typing import Any

import ssmtp_compat as ssmtp
from ssmtp_compat import EventID, SSLStartModes
from ssmtp_compat import PropertyID as P

server, port, ca_file, sender, recipient = sys.argv[1:]


def on_trail(event: dict[str, Any]) -> None:
    print({0: "-->", 1: "<--"}.get(event["direction"], "-- "), event["message"])


def on_certificate(event: dict[str, Any]) -> None:
    print(f"    server certificate: {event['certsubject']}, status {event['status']}")


def on_transfer(event: dict[str, Any]) -> None:
    print(f"    {event['bytestransferred']} octets of the text sent, {event['percentdone']} %")


handle = ssmtp.ssmtp_open()
ssmtp.ssmtp_register_callback(handle, EventID.PITrail, on_trail)
ssmtp.ssmtp_register_callback(handle, EventID.SSLServerAuthentication, on_certificate)
ssmtp.ssmtp_register_callback(handle, EventID.Transfer, on_transfer)
ssmtp.ssmtp_set(handle, P.MailServer, server)
ssmtp.ssmtp_set(handle, P.MailPort, port)
ssmtp.ssmtp_set(handle, P.SSLStartMode, SSLStartModes.sslExplicit)
ssmtp.ssmtp_do_config(handle, f"SSLCACertFilePaths={ca_file}")
ssmtp.ssmtp_set(handle, P.From, sender)
ssmtp.ssmtp_set(handle, P.SendTo, recipient)
ssmtp.ssmtp_set(handle, P.MessageText, "one\ntwo\nthree\n")
code = ssmtp.ssmtp_do_send(handle)
print("sent" if code == 0 else f"{code}: {ssmtp.ssmtp_get_last_error(handle)}")
sys.exit(code != 0)
