"""Postfix from a configuration and queue of its own, on free loopback ports.

It delivers to alice, bob and böb at example.test, takes mail for gone and lost there and bounces it, and throws
everything else away. The port ``plain`` relays for anybody on loopback; ``submission`` has STARTTLS and takes mail only
from authenticated users; ``tls`` begins with TLS.
"""

from __future__ import annotations

import os
import shutil
import signal
import smtplib
from collections.abc import Mapping
from pathlib import Path

from interop.authority import Authority
from interop.processes import assert_ports_free, free_ports, listens, run, wait_until

DOMAIN = "example.test"
USERS = {"alice": "secret", "uni": "pässwörd-1"}
MAILBOXES = {"alice": "alice", "bob": "bob", "böb": "boeb"}

_MAIN = """\
compatibility_level = 3.6
queue_directory = {directory}/queue
data_directory = {directory}/data
maillog_file = {directory}/maillog
maillog_file_prefixes = {directory}
import_environment = MAIL_CONFIG MAIL_DEBUG MAIL_LOGTAG TZ LANG=C {environment}

inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = {hostname}
mydestination =
mynetworks = 127.0.0.1/32
alias_maps =
alias_database =
local_recipient_maps =
virtual_mailbox_domains = {domain}
virtual_mailbox_base = {directory}/mail
virtual_mailbox_maps = inline:{{ {mailboxes} }}
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
# Not above message_size_limit by default, and then the delivery agent does not start.
virtual_mailbox_limit = 0
message_size_limit = 52428800
smtputf8_enable = yes
fast_flush_domains = {domain}
default_transport = discard:
relay_transport = discard:
# An address of the error transport itself would be refused at RCPT; behind an alias it bounces.
virtual_alias_maps = inline:{{ {{gone@{domain}=gone@nowhere.test}}, {{lost@{domain}=lost@nowhere.test}} }}
transport_maps = inline:{{ {{nowhere.test=error:5.4.4 nobody lives there}} }}
smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, reject
smtpd_peername_lookup = no

# Tests make mistakes on purpose, and many connections: no slowing down.
smtpd_client_connection_rate_limit = 0
smtpd_client_connection_count_limit = 0
smtpd_error_sleep_time = 0
smtpd_soft_error_limit = 1000
smtpd_hard_error_limit = 1000
smtpd_junk_command_limit = 1000
in_flow_delay = 0

smtpd_tls_cert_file = {server.certificate}
smtpd_tls_key_file = {server.key}
smtpd_tls_CAfile = {ca}
smtpd_tls_security_level = may
smtpd_tls_auth_only = no
smtpd_tls_loglevel = 2
smtpd_tls_session_cache_database = lmdb:{directory}/data/smtpd_scache

smtpd_sasl_auth_enable = yes
smtpd_sasl_type = cyrus
smtpd_sasl_path = smtpd
smtpd_sasl_local_domain = {domain}
smtpd_sasl_security_options = noanonymous
"""

_MASTER = """\
127.0.0.1:{plain} inet n - n - - smtpd
127.0.0.1:{submission} inet n - n - - smtpd -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
127.0.0.1:{tls} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes -o smtpd_tls_ask_ccert=yes
postlog unix-dgram n - n - 1 postlogd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
"""

# Debian's smtpd reads this from its configuration directory, whatever cyrus_sasl_config_path says.
_SASL = """\
pwcheck_method: auxprop
auxprop_plugin: sasldb
sasldb_path: {database}
mech_list: {mechanisms}
"""
_MECHANISMS = "PLAIN LOGIN CRAM-MD5 DIGEST-MD5 NTLM SCRAM-SHA-1 SCRAM-SHA-256 SCRAM-SHA-512"


class Postfix:
    """Make it in a directory that everybody may enter, then ``start`` and ``stop`` it as root."""

    host = "127.0.0.1"

    def __init__(
        self,
        directory: Path,
        ca: Authority,
        *,
        hostname: str = "mail.example.test",
        mechanisms: str = _MECHANISMS,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._directory = directory
        self._configuration = directory / "etc"
        self.plain_port, self.submission_port, self.tls_port = free_ports(3)
        for name in ("etc/sasl", "queue", "data", "mail"):
            (directory / name).mkdir(parents=True)
        shutil.chown(directory / "data", "postfix")
        shutil.chown(directory / "mail", "nobody", "nogroup")
        mailboxes = ", ".join(f"{{{name}@{DOMAIN}={folder}/}}" for name, folder in MAILBOXES.items())
        main = _MAIN.format(
            directory=directory,
            domain=DOMAIN,
            mailboxes=mailboxes,
            server=ca.server,
            ca=ca.certificate,
            hostname=hostname,
            environment=" ".join(f"{name}={value}" for name, value in (environment or {}).items()),
        )
        master = _MASTER.format(plain=self.plain_port, submission=self.submission_port, tls=self.tls_port)
        database = self._configuration / "sasl/sasldb2"
        (self._configuration / "main.cf").write_text(main, encoding="utf-8")
        (self._configuration / "master.cf").write_text(master)
        (self._configuration / "sasl/smtpd.conf").write_text(_SASL.format(database=database, mechanisms=mechanisms))
        for user, password in USERS.items():
            run("saslpasswd2", "-c", "-p", "-f", database, "-u", DOMAIN, user, data=password.encode())
        shutil.chown(database, group="postfix")
        database.chmod(0o640)

    def start(self) -> None:
        run("postfix", "-c", self._configuration, "start")
        wait_until(lambda: all(listens(port) for port in self._ports), f"Postfix to listen; its log:\n{self.log()}")
        with smtplib.SMTP(self.host, self.plain_port, timeout=10) as client:
            assert client.noop()[0] == 250, self.log()

    def stop(self) -> None:
        """Returns when no process of this Postfix is left and its ports are free."""
        pid_file = self._directory / "queue/pid/master.pid"
        if not pid_file.exists():  # it did not even start
            return
        os.kill(int(pid_file.read_text()), signal.SIGTERM)  # its children go with it; `postfix stop` sleeps a second
        wait_until(lambda: not any(listens(port) for port in self._ports), "Postfix to stop")
        assert_ports_free(self._ports)

    @property
    def _ports(self) -> list[int]:
        return [self.plain_port, self.submission_port, self.tls_port]

    def messages(self, user: str, count: int = 1, seconds: float = 10.0) -> list[bytes]:
        """Take the next ``count`` messages out of a mailbox, oldest first, waiting for them; lines end in LF there."""
        folder = self._directory / "mail" / MAILBOXES[user] / "new"

        def arrived() -> list[Path]:
            files = sorted(folder.glob("*"), key=lambda path: path.stat().st_mtime_ns)
            return files if len(files) >= count else []

        try:
            taken = wait_until(arrived, f"{count} messages for {user}", seconds)[:count]
        except AssertionError as error:
            error.add_note(f"Postfix's log:\n{self.log()}")
            raise
        contents = [path.read_bytes() for path in taken]
        for path in taken:
            path.unlink()
        return contents

    def message(self, user: str) -> bytes:
        """The next message of a mailbox."""
        return self.messages(user)[0]

    def log(self) -> str:
        log = self._directory / "maillog"
        return log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""

    def assert_logs(self, text: str) -> None:
        """Wait until ``text`` stands in the log: postlogd writes it after the client has its reply."""
        wait_until(lambda: text in self.log(), f"{text!r} in Postfix's log:\n{self.log()}")

    def all_messages(self, user: str) -> list[bytes]:
        """Wait until everything accepted is delivered, and take all that is in a mailbox."""
        self._wait_delivered()
        return self.messages(user, len(list((self._directory / "mail" / MAILBOXES[user] / "new").glob("*"))))

    def clear(self) -> None:
        """Wait until everything accepted is delivered, then empty the mailboxes."""
        self._wait_delivered()
        for path in (self._directory / "mail").glob("*/new/*"):
            path.unlink()

    def _wait_delivered(self) -> None:
        queues = [self._directory / "queue" / name for name in ("maildrop", "incoming", "active")]
        wait_until(
            lambda: not any(path.is_file() for queue in queues for path in queue.rglob("*")), "an empty queue", 60
        )
