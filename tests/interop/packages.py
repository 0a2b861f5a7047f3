"""The system packages behind the interop tests, and their installation: ``python tests/interop/packages.py``.

Debian and Ubuntu only, and only as root; anybody else is told what to install. No service is started: the tests run
their own servers on loopback, from their own directories. Nothing happens when everything is there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Program that a test runs -> Debian package.
PROGRAMS = {
    "postfix": "postfix",
    "smtp-sink": "postfix",
    "saslpasswd2": "sasl2-bin",
    "dovecot": "dovecot-core",
    "gpgsm": "gpgsm",
    "gpg-agent": "gpg-agent",
    "gpgconf": "gpgconf",
    "openssl": "openssl",
    "keytool": "default-jre-headless",
    "certutil": "libnss3-tools",
    "pk12util": "libnss3-tools",
    "certtool": "gnutls-bin",
    "curl": "curl",
    "exim4": "exim4-daemon-heavy",
    "krb5kdc": "krb5-kdc",
    "kdb5_util": "krb5-kdc",
    "kadmin.local": "krb5-admin-server",
    "kinit": "krb5-user",
    "danted": "dante-server",
    "microsocks": "microsocks",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "sshd": "openssh-server",
    "tinyproxy": "tinyproxy-bin",
    "squid": "squid",
    "cmsutil": "libnss3-tools",
    "php": "php-cli",
    "java": "default-jre-headless",
    "softhsm2-util": "softhsm2",
    "strace": "strace",
}
SOFTHSM_MODULE = "/usr/lib/softhsm/libsofthsm2.so"
# Conflicts with Postfix, so it is unpacked beside it instead of installed, and what it needs is installed.
EXIM = "exim4-daemon-heavy"
EXIM_ROOT = Path("/usr/local/lib/ssmtp-compat-tests/exim")
EXIM_USER = "Debian-exim"
EXIM_LIBRARIES = ("libgnutls-dane0", "libidn12", "libmariadb3", "libspf2-2")
# Loaded by Postfix at run time.
PLUGINS = ("postfix-lmdb", "libsasl2-modules", "libsasl2-modules-db", "libsasl2-modules-gssapi-mit")
DOVECOT_PLUGINS = ("dovecot-submissiond",)
DANTED_PLUGINS = ("libnss-wrapper",)
# Called from Python, as those are that came with gnutls-bin and sasl2-bin.
SASL_LIBRARIES = ("libgsasl18",)
# On the class path of a program that the runtime compiles by itself, so no development kit is needed.
JAVA_LIBRARIES = ("libbcmail-java",)
# What pip compiles the packages of the extra kerberos with.
HEADERS = ("gcc", "libc6-dev", "libkrb5-dev", "python3-dev")
_LOADED = {*PLUGINS, *DOVECOT_PLUGINS, *DANTED_PLUGINS, *SASL_LIBRARIES, *JAVA_LIBRARIES, *HEADERS, *EXIM_LIBRARIES}
PACKAGES = tuple(sorted({*PROGRAMS.values(), *_LOADED} - {EXIM}))

POLICY = Path("/usr/sbin/policy-rc.d")


def find(program: str) -> str | None:
    """The program's path; administrators' directories are searched too, since few users have them on their PATH."""
    return shutil.which(program, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin:{EXIM_ROOT}/usr/sbin")


def missing_packages() -> list[str]:
    """Those of ``PACKAGES`` that are not installed, according to dpkg."""
    query = ["dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status}\\n", *PACKAGES]
    answer = subprocess.run(query, capture_output=True, text=True, timeout=60, check=False)
    installed = {line.split()[0] for line in answer.stdout.splitlines() if line.endswith(" installed")}
    unpacked = [] if find("exim4") else [EXIM]
    return [name for name in PACKAGES if name not in installed] + unpacked


def install(names: list[str]) -> None:
    """Install with apt-get, without a question and without starting a service. Raises when apt-get fails."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    if "postfix" in names:
        # Otherwise the package asks for a mail name and writes a configuration for this host.
        preset = "postfix postfix/main_mailer_type select No configuration\n"
        subprocess.run(["debconf-set-selections"], input=preset, text=True, timeout=60, check=True)
    apt_get = ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=120"]
    subprocess.run([*apt_get, "update"], env=environment, timeout=300, check=True)
    with _services_denied():
        installed = [name for name in names if name != EXIM]
        command = [*apt_get, "install", "-y", "--no-install-recommends", *installed]
        subprocess.run(command, env=environment, timeout=600, check=True)
    if EXIM in names:
        _unpack_exim(apt_get)


def _unpack_exim(apt_get: list[str]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        # As root, because apt's own user may not write here; the package is verified all the same.
        command = [*apt_get, "-o", "APT::Sandbox::User=root", "download", EXIM]
        subprocess.run(command, cwd=directory, timeout=300, check=True)
        (archive,) = Path(directory).glob("*.deb")
        EXIM_ROOT.mkdir(parents=True, exist_ok=True)
        subprocess.run(["dpkg", "-x", archive, EXIM_ROOT], timeout=60, check=True)
    # The name of its user is compiled in.
    user = ["useradd", "--system", "--badname", "--no-create-home", "--home-dir", "/nonexistent", EXIM_USER]
    if subprocess.run(["getent", "passwd", EXIM_USER], capture_output=True, timeout=60, check=False).returncode:
        subprocess.run([*user, "--user-group"], timeout=60, check=True)


@contextmanager
def _services_denied() -> Iterator[None]:
    """Debian's own way to install without starting services; a policy that is already there stays as it is."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()


def main() -> int:
    if not find("dpkg-query") or not find("apt-get"):
        print("no apt-get here: install by hand what provides", ", ".join(sorted(PROGRAMS)))
        return 0
    names = missing_packages()
    if not names:
        return 0
    if os.geteuid() != 0:
        print("not root; run: sudo apt-get install --no-install-recommends", *names)
        return 0
    print("installing", *names)
    install(names)
    still = missing_packages()
    if still:
        print("apt-get succeeded, yet these are missing:", *still)
    return 1 if still else 0


if __name__ == "__main__":
    sys.exit(main())
