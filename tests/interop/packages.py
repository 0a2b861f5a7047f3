"""The system packages behind the interop tests, and their installation: ``python tests/interop/packages.py``.

Debian and Ubuntu only, and only as root; anybody else is told what to install. No service is started: the tests run
their own servers on loopback, from their own directories. Nothing happens when everything is there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
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
    "curl": "curl",
    "krb5kdc": "krb5-kdc",
    "kdb5_util": "krb5-kdc",
    "kadmin.local": "krb5-admin-server",
    "kinit": "krb5-user",
}
# Loaded by Postfix at run time.
PLUGINS = ("postfix-lmdb", "libsasl2-modules", "libsasl2-modules-db", "libsasl2-modules-gssapi-mit")
DOVECOT_PLUGINS = ("dovecot-submissiond",)
# What pip compiles the packages of the extra kerberos with.
HEADERS = ("gcc", "libc6-dev", "libkrb5-dev", "python3-dev")
PACKAGES = tuple(sorted({*PROGRAMS.values(), *PLUGINS, *DOVECOT_PLUGINS, *HEADERS}))

POLICY = Path("/usr/sbin/policy-rc.d")


def find(program: str) -> str | None:
    """The program's path; administrators' directories are searched too, since few users have them on their PATH."""
    return shutil.which(program, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin")


def missing_packages() -> list[str]:
    """Those of ``PACKAGES`` that are not installed, according to dpkg."""
    query = ["dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status}\\n", *PACKAGES]
    answer = subprocess.run(query, capture_output=True, text=True, timeout=60, check=False)
    installed = {line.split()[0] for line in answer.stdout.splitlines() if line.endswith(" installed")}
    return [name for name in PACKAGES if name not in installed]


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
        command = [*apt_get, "install", "-y", "--no-install-recommends", *names]
        subprocess.run(command, env=environment, timeout=600, check=True)


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
