"""Dovecot's submission service from a configuration of its own, on free loopback ports, with Postfix behind it.

``port`` has STARTTLS and every mechanism of ``MECHANISMS``. Passwords are those of ``USERS``; the OAuth token of alice
is ``TOKEN``, which Dovecot asks a small HTTP server in this process about.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

from interop.authority import Authority
from interop.packages import find
from interop.processes import assert_ports_free, free_ports, listens, wait_until

DOMAIN = "example.test"
USERS = {"alice": "secret", "uni": "pässwörd-1"}
TOKEN = "ya29.the-token-of_alice~0=="
MECHANISMS = ("PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "XOAUTH2", "OAUTHBEARER")

_MAIN = """\
base_dir = {directory}/run
state_dir = {directory}/state
instance_name = ssmtp-test
listen = 127.0.0.1
log_path = {directory}/log
import_environment = TZ
protocols = submission
hostname = dc.example.test
ssl = yes
ssl_cert = <{server.certificate}
ssl_key = <{server.key}
mail_location = maildir:{directory}/mail/%u
first_valid_uid = 1

disable_plaintext_auth = no
auth_mechanisms = {mechanisms}
auth_default_realm = {domain}
auth_failure_delay = 0
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {directory}/oauth2.conf
}}
passdb {{
  driver = passwd-file
  mechanisms = plain login cram-md5 digest-md5 scram-sha-1 scram-sha-256
  args = scheme=PLAIN {directory}/users
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={directory}/mail/%u
}}

submission_relay_host = 127.0.0.1
submission_relay_port = {relay}
submission_relay_trusted = yes
submission_max_mail_size = 50M
service submission-login {{
  inet_listener submission {{
    port = {port}
  }}
}}
service stats {{
  unix_listener stats-writer {{
    mode = 0666
  }}
}}
# Otherwise each failed login holds up the next one for seconds.
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
"""

_OAUTH2 = """\
introspection_url = http://127.0.0.1:{port}/introspect
introspection_mode = post
username_attribute = username
active_attribute = active
active_value = true
openid_configuration_url = http://127.0.0.1:{port}/openid
"""


class _Introspection(BaseHTTPRequestHandler):
    """RFC 7662, as far as Dovecot asks."""

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        known = {"active": True, "username": f"alice@{DOMAIN}", "email": f"alice@{DOMAIN}", "scope": "mail"}
        answer = json.dumps(known if form.get("token") == [TOKEN] else {"active": False}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        """Not into the test's output."""


class Dovecot:
    """Make it in a directory that everybody may enter, then ``start`` and ``stop`` it as root."""

    host = "127.0.0.1"

    def __init__(self, directory: Path, ca: Authority, relay_port: int) -> None:
        self._directory = directory
        (self.port,) = free_ports(1)
        self._introspection = ThreadingHTTPServer(("127.0.0.1", 0), _Introspection)
        self._thread = threading.Thread(target=self._introspection.serve_forever, args=(0.05,), name="introspection")
        for name in ("run", "state", "mail"):
            (directory / name).mkdir()
        shutil.chown(directory / "mail", "nobody", "nogroup")
        main = _MAIN.format(
            directory=directory,
            domain=DOMAIN,
            server=ca.server,
            relay=relay_port,
            port=self.port,
            mechanisms=" ".join(MECHANISMS).lower(),
        )
        users = directory / "users"
        (directory / "dovecot.conf").write_text(main, encoding="utf-8")
        (directory / "oauth2.conf").write_text(_OAUTH2.format(port=self._introspection.server_port))
        users.write_text("".join(f"{user}@{DOMAIN}:{{PLAIN}}{password}\n" for user, password in USERS.items()), "utf-8")
        shutil.chown(users, group="dovecot")
        users.chmod(0o640)

    def start(self) -> None:
        self._thread.start()
        program = find("dovecot")
        assert program
        with (self._directory / "output").open("wb") as output:
            command = [program, "-c", str(self._directory / "dovecot.conf"), "-F"]
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        wait_until(lambda: listens(self.port), f"Dovecot to listen; its log:\n{self.log()}")

    def stop(self) -> None:
        """Returns when no process of this Dovecot is left and its port is free."""
        self._process.terminate()
        self._process.wait(10)
        self._introspection.shutdown()
        self._introspection.server_close()
        self._thread.join(10)
        assert_ports_free([self.port])

    def log(self) -> str:
        files = [path for path in (self._directory / "log", self._directory / "output") if path.exists()]
        return "".join(path.read_text(encoding="utf-8", errors="replace") for path in files)
