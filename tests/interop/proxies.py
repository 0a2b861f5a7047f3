"""Real proxies on free loopback ports, in the foreground and from directories of their own."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from interop.packages import find
from interop.processes import assert_ports_free, free_ports, listens, run, wait_until

USER, PASSWORD = "proxyuser", "pr0xy pass"

_DANTED = """\
logoutput: {directory}/danted.log
internal: 127.0.0.1 port = {port}
external: 127.0.0.1
clientmethod: none
socksmethod: {method}
user.privileged: root
user.unprivileged: nobody
client pass {{
  from: 127.0.0.1/32 to: 127.0.0.1/32
}}
socks pass {{
  from: 127.0.0.1/32 to: 127.0.0.1/32
  protocol: tcp
  command: connect
}}
"""

_SSHD = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {directory}/host_key
AuthorizedKeysFile {directory}/user_key.pub
PidFile none
StrictModes no
UsePAM no
"""

_TINYPROXY = """\
User nobody
Group nogroup
Port {port}
Listen 127.0.0.1
Timeout 60
Allow 127.0.0.1
BasicAuth {user} {password}
LogFile "{directory}/log/tinyproxy.log"
"""

# A port for each way to log in; the helper for NTLM takes anybody who speaks it.
_SQUID = """\
http_port 127.0.0.1:{basic}
http_port 127.0.0.1:{digest}
http_port 127.0.0.1:{ntlm}
visible_hostname proxy.example.test
pid_filename {directory}/run/squid.pid
cache_log {directory}/run/cache.log
access_log stdio:{directory}/run/access.log
cache deny all
pinger_enable off
netdb_filename none
coredump_dir {directory}/run
shutdown_lifetime 0 seconds
auth_param basic program {helpers}/basic_ncsa_auth {directory}/basic
auth_param basic children 1
auth_param digest program {helpers}/digest_file_auth -c {directory}/digest
auth_param digest children 1
auth_param digest realm corp
auth_param ntlm program {helpers}/ntlm_fake_auth
auth_param ntlm children 1
acl basic localport {basic}
acl digest localport {digest}
acl ntlm localport {ntlm}
auth_schemes basic basic
auth_schemes digest digest
auth_schemes ntlm ntlm
acl known proxy_auth REQUIRED
acl CONNECT method CONNECT
http_access allow CONNECT known
http_access allow !CONNECT known
http_access deny all
"""
SQUID_HELPERS = Path("/usr/lib/squid")


class _Daemon:
    """Programs that run in the foreground until ``stop``, first those that were started last."""

    def __init__(self, directory: Path, ports: int) -> None:
        self._directory = directory
        self._ports = free_ports(ports)
        self._processes: list[subprocess.Popen[bytes]] = []

    @property
    def port(self) -> int:
        return self._ports[0]

    def _run(self, port: int, program: str, *arguments: str | Path, env: dict[str, str] | None = None) -> None:
        path = find(program)
        assert path, f"no program {program}"
        said = self._directory / f"{program}.out"
        with said.open("wb") as output:
            command = [path, *map(str, arguments)]
            streams = {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": subprocess.STDOUT}
            process = subprocess.Popen(command, env={**os.environ, **(env or {})}, **streams)
        self._processes.append(process)
        try:
            wait_until(lambda: listens(port) or process.poll() is not None, f"{program} to listen")
            assert process.poll() is None, said.read_text()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        for process in reversed(self._processes):
            process.terminate()
        for process in self._processes:
            process.wait(10)
        assert_ports_free(self._ports)


class Danted(_Daemon):
    """SOCKS4 and SOCKS5, for anybody."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory, 1)
        self._run(self.port, "danted", *_danted_options(directory, "none", self.port))


class DantedLogin(_Daemon):
    """SOCKS5 for ``USER``. It knows the system's users, of which it is shown one more."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory, 1)
        password = run("openssl", "passwd", "-6", PASSWORD).decode().strip()
        files = {
            "passwd": Path("/etc/passwd").read_text() + f"{USER}:x:65533:65534::/nonexistent:/usr/sbin/nologin\n",
            "group": Path("/etc/group").read_text(),
            "shadow": f"{USER}:{password}:19000:0:99999:7:::\n",
        }
        environment = {"LD_PRELOAD": "libnss_wrapper.so"}
        for name, content in files.items():
            (directory / name).write_text(content)
            environment[f"NSS_WRAPPER_{name.upper()}"] = str(directory / name)
        self._run(self.port, "danted", *_danted_options(directory, "username", self.port), env=environment)


def _danted_options(directory: Path, method: str, port: int) -> tuple[str | Path, ...]:
    configuration = directory / "danted.conf"
    configuration.write_text(_DANTED.format(directory=directory, port=port, method=method))
    return "-f", configuration, "-p", directory / "danted.pid"


class Microsocks(_Daemon):
    """SOCKS5, for anybody on one port and for ``USER`` on another."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory, 2)
        self._run(self.port, "microsocks", "-i", "127.0.0.1", "-p", str(self.port))
        login = ("-u", USER, "-P", PASSWORD)
        self._run(self.login_port, "microsocks", "-i", "127.0.0.1", "-p", str(self.login_port), *login)

    @property
    def login_port(self) -> int:
        return self._ports[1]


class Ssh(_Daemon):
    """``ssh -D``, which is SOCKS4, SOCKS4A and SOCKS5 on this side, and its server."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory, 2)
        server_port = self._ports[1]
        for name in ("host_key", "user_key"):
            run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", directory / name)
        configuration = directory / "sshd.conf"
        configuration.write_text(_SSHD.format(directory=directory, port=server_port))
        Path("/run/sshd").mkdir(exist_ok=True)  # compiled in, and empty
        self._run(server_port, "sshd", "-D", "-e", "-f", configuration)
        known = ("-o", "StrictHostKeyChecking=no", "-o", f"UserKnownHostsFile={directory}/known")
        key = ("-i", directory / "user_key", "-o", "IdentityAgent=none")
        forward = ("-F", "/dev/null", "-N", "-D", f"127.0.0.1:{self.port}", "-o", "ExitOnForwardFailure=yes")
        self._run(self.port, "ssh", *forward, *known, *key, "-p", str(server_port), "root@127.0.0.1")


class Tinyproxy(_Daemon):
    """HTTP CONNECT for ``USER`` by Basic; its configuration has no word for a password with a blank."""

    password = PASSWORD.replace(" ", "-")

    def __init__(self, directory: Path) -> None:
        super().__init__(directory, 1)
        log = directory / "log"
        log.mkdir()
        if os.geteuid() == 0:
            shutil.chown(log, "nobody", "nogroup")
        configuration = directory / "tinyproxy.conf"
        text = _TINYPROXY.format(directory=directory, port=self.port, user=USER, password=self.password)
        configuration.write_text(text)
        self._run(self.port, "tinyproxy", "-d", "-c", configuration)


class Squid(_Daemon):
    """HTTP CONNECT for ``USER`` by Basic, Digest or NTLM."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory, 3)
        (directory / "run").mkdir()
        shutil.chown(directory / "run", "proxy", "proxy")
        basic = run("openssl", "passwd", "-apr1", PASSWORD).decode().strip()
        (directory / "basic").write_text(f"{USER}:{basic}\n")
        digest = hashlib.md5(f"{USER}:corp:{PASSWORD}".encode(), usedforsecurity=False).hexdigest()
        (directory / "digest").write_text(f"{USER}:corp:{digest}\n")
        configuration = directory / "squid.conf"
        ports = {"basic": self.port, "digest": self.digest_port, "ntlm": self.ntlm_port}
        configuration.write_text(_SQUID.format(directory=directory, helpers=SQUID_HELPERS, **ports))
        self._run(self.ntlm_port, "squid", "-N", "-f", configuration)

    @property
    def digest_port(self) -> int:
        return self._ports[1]

    @property
    def ntlm_port(self) -> int:
        return self._ports[2]
