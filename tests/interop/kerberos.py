"""A Kerberos realm of its own: a key distribution centre on loopback, one user, and the key of one mail server."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Mapping
from pathlib import Path

from interop.processes import assert_ports_free, free_ports, listens, run, wait_until

REALM = "EXAMPLE.TEST"
USER, PASSWORD = "alice", "secret"
SERVER = "localhost"
"""The name that the mail server has to be reached by: its ticket is for ``smtp/localhost``."""

_CLIENT = """\
[libdefaults]
default_realm = {realm}
dns_lookup_kdc = false
dns_lookup_realm = false
dns_canonicalize_hostname = false
rdns = false
# Straight to TCP, so that a centre that is not there is noticed at once.
udp_preference_limit = 1
[realms]
{realm} = {{
  kdc = 127.0.0.1:{port}
}}
[domain_realm]
localhost = {realm}
"""

_CENTRE = """\
[kdcdefaults]
kdc_listen = 127.0.0.1:{port}
kdc_tcp_listen = 127.0.0.1:{port}
[realms]
{realm} = {{
  database_name = {directory}/principal
  key_stash_file = {directory}/stash
  acl_file = {directory}/kadm5.acl
}}
[logging]
kdc = FILE:{directory}/kdc.log
"""


class Realm:
    """Make it in a directory that Postfix may enter, then ``start`` and ``stop`` it."""

    def __init__(self, directory: Path) -> None:
        (self._port,) = free_ports(1)
        self._pid_file = directory / "kdc.pid"
        self._keytab = directory / "smtp.keytab"
        self._cache = directory / "tickets"
        client, centre = directory / "krb5.conf", directory / "kdc.conf"
        client.write_text(self.client_configuration(self._port))
        centre.write_text(_CENTRE.format(realm=REALM, port=self._port, directory=directory))
        self.client_environment: Mapping[str, str] = {
            "KRB5_CONFIG": str(client),
            "KRB5CCNAME": f"FILE:{self._cache}",
        }
        self.server_environment: Mapping[str, str] = {
            "KRB5_CONFIG": str(client),
            "KRB5_KTNAME": str(self._keytab),
            "KRB5RCACHENAME": "none:",  # it would stay in /var/tmp
        }
        self._environment = {"KRB5_CONFIG": str(client), "KRB5_KDC_PROFILE": str(centre)}
        self._run("kdb5_util", "create", "-r", REALM, "-s", "-P", "master")
        for query in (
            f"addprinc -pw {PASSWORD} {USER}",
            f"addprinc -randkey smtp/{SERVER}",
            f"ktadd -k {self._keytab} smtp/{SERVER}",
        ):
            self._run("kadmin.local", "-r", REALM, "-q", query)
        shutil.chown(self._keytab, group="postfix")
        self._keytab.chmod(0o640)

    @staticmethod
    def client_configuration(port: int) -> str:
        """A krb5.conf that looks for the key distribution centre on ``port``."""
        return _CLIENT.format(realm=REALM, port=port)

    def start(self) -> None:
        self._run("krb5kdc", "-P", self._pid_file)  # it goes into the background by itself
        wait_until(lambda: listens(self._port), "the key distribution centre to listen")

    def stop(self) -> None:
        """Returns when its port is free."""
        if self._pid_file.exists():
            os.kill(int(self._pid_file.read_text()), signal.SIGTERM)
            self._pid_file.unlink()
            wait_until(lambda: not listens(self._port), "the key distribution centre to stop")
            assert_ports_free([self._port])

    def log_in(self) -> None:
        """Put alice's ticket into the credential cache."""
        run("kinit", USER, data=f"{PASSWORD}\n".encode(), env=dict(self.client_environment))

    def log_out(self) -> None:
        """Empty the credential cache."""
        self._cache.unlink(missing_ok=True)

    def _run(self, *command: str | Path) -> None:
        run(*command, env=self._environment)
