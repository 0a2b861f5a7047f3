"""Exim from a configuration and spool of its own, on free loopback ports: the server that answers EXPN.

It delivers to alice, bob and carol at example.test, knows the list team, and keeps everything for others in one file.
The port ``plain`` takes mail for its own users from anybody, ``tls`` begins with TLS; STARTTLS is offered.
"""

from __future__ import annotations

import shutil
import signal
import smtplib
import subprocess
from pathlib import Path

from interop.authority import Authority
from interop.packages import EXIM_USER, find
from interop.processes import assert_ports_free, free_ports, listens, wait_until

DOMAIN = "example.test"
LISTS = {"team": "alice@example.test, bob@example.test, carol@example.test", "nested": "team, alice", "root": "alice"}
PASSWORD = "secret"

_CONFIGURATION = """\
exim_path = {program}
exim_user = {user}
exim_group = {user}
never_users =
spool_directory = {directory}/spool
log_file_path = {directory}/spool/%slog
pid_file_path = {directory}/spool/exim.pid
primary_hostname = exim.{domain}
qualify_domain = {domain}
local_interfaces = <; [127.0.0.1]:{plain}; [127.0.0.1]:{tls}
tls_on_connect_ports = {tls}
keep_environment =
host_lookup =
rfc1413_query_timeout = 0s
recipient_unqualified_hosts = 127.0.0.1
# Tests make mistakes on purpose, and many connections: no slowing down.
smtp_accept_max_nonmail = 10000
smtp_max_unknown_commands = 100
smtp_accept_max = 200
message_size_limit = 50M
smtputf8_advertise_hosts = *
dsn_advertise_hosts = *
tls_advertise_hosts = *
tls_certificate = {server.certificate}
tls_privatekey = {directory}/server.key
tls_try_verify_hosts = *
tls_verify_certificates = {ca}
acl_smtp_vrfy = accept
acl_smtp_expn = accept
acl_smtp_etrn = accept
smtp_etrn_command = /bin/true
acl_smtp_mail = accept
acl_smtp_rcpt = acl_rcpt
acl_smtp_data = accept

begin acl
acl_rcpt:
  accept domains = {domain}
         verify = recipient
  accept authenticated = *
  deny message = relay not permitted

begin routers
lists:
  driver = redirect
  domains = {domain}
  data = ${{lookup{{$local_part}}lsearch{{{directory}/aliases}}}}
users:
  driver = accept
  domains = {domain}
  local_parts = alice : bob : carol
  transport = maildir
rest:
  driver = accept
  domains = !{domain}
  transport = outgoing

begin transports
maildir:
  driver = appendfile
  maildir_format
  directory = {directory}/mail/$local_part_data
  create_directory
  user = {user}
outgoing:
  driver = appendfile
  file = {directory}/mail/outgoing.mbox
  user = {user}

begin retry
* * F,1h,15m

begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if and{{{{eq{{$auth2}}{{alice}}}}{{eq{{$auth3}}{{{password}}}}}}}}}
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = ${{if and{{{{eq{{$auth1}}{{alice}}}}{{eq{{$auth2}}{{{password}}}}}}}}}
cram:
  driver = cram_md5
  public_name = CRAM-MD5
  server_secret = ${{if eq{{$auth1}}{{alice}}{{{password}}}fail}}
external:
  driver = external
  public_name = EXTERNAL
  server_advertise_condition = $tls_in_certificate_verified
  server_param2 = ${{certextract{{subj_altname,mail,>:}}{{$tls_in_peercert}}}}
  server_condition = ${{if inlist{{$auth1}}{{$auth2}}}}
  server_set_id = $auth1
"""


class Exim:
    """Make it in a directory that everybody may enter, then ``start`` and ``stop`` it as root."""

    host = "127.0.0.1"

    def __init__(self, directory: Path, ca: Authority) -> None:
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None
        self.plain_port, self.tls_port = free_ports(2)
        for name in ("spool", "mail"):
            (directory / name).mkdir()
            shutil.chown(directory / name, EXIM_USER, EXIM_USER)
        # It reads its key under its own user.
        key = directory / "server.key"
        shutil.copy(ca.server.key, key)
        shutil.chown(key, group=EXIM_USER)
        key.chmod(0o640)
        (directory / "aliases").write_text("".join(f"{name}: {members}\n" for name, members in LISTS.items()))
        self._configuration = directory / "exim.conf"
        self._configuration.write_text(
            _CONFIGURATION.format(
                program=find("exim4"),
                user=EXIM_USER,
                directory=directory,
                domain=DOMAIN,
                plain=self.plain_port,
                tls=self.tls_port,
                server=ca.server,
                ca=ca.certificate,
                password=PASSWORD,
            )
        )

    def start(self) -> None:
        program = find("exim4")
        assert program
        # In the foreground, and without -q, with which it would start itself anew.
        command = [program, "-C", str(self._configuration), "-bdf"]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: all(listens(port) for port in self._ports), "Exim to listen")
        with smtplib.SMTP(self.host, self.plain_port, timeout=10) as client:
            assert client.noop()[0] == 250, self.log()

    def stop(self) -> None:
        """Returns when no process of this Exim is left and its ports are free."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(10)
        assert_ports_free(self._ports)

    @property
    def _ports(self) -> list[int]:
        return [self.plain_port, self.tls_port]

    def message(self, user: str) -> bytes:
        """Take the next message out of a mailbox, waiting for it; lines end in LF there."""
        folder = self._directory / "mail" / user / "new"
        try:
            path = wait_until(lambda: next(iter(sorted(folder.glob("*"))), None), f"a message for {user}")
        except AssertionError as error:
            error.add_note(f"Exim's log:\n{self.log()}")
            raise
        content = path.read_bytes()
        path.unlink()
        return content

    def log(self) -> str:
        logs = [self._directory / "spool" / name for name in ("mainlog", "rejectlog", "paniclog")]
        return "".join(log.read_text(encoding="utf-8", errors="replace") for log in logs if log.exists())

    def assert_logs(self, text: str) -> None:
        """Wait until ``text`` stands in one of the logs."""
        wait_until(lambda: text in self.log(), f"{text!r} in Exim's logs:\n{self.log()}")

    def clear(self) -> None:
        """Wait until everything accepted is delivered, then empty the mailboxes."""
        spool = self._directory / "spool/input"
        wait_until(lambda: not any(path.is_file() for path in spool.rglob("*")), "an empty queue")
        for path in (self._directory / "mail").glob("*/new/*"):
            path.unlink()
