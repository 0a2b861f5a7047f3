"""Everything that has to pass before a change lands: ``nox`` runs all sessions, ``nox -s tests`` one of them."""

from __future__ import annotations

import shutil

import nox

nox.needs_version = ">=2024.4.15"
nox.options.error_on_missing_interpreters = True

PROJECT = nox.project.load_toml("pyproject.toml")


def _install(session: nox.Session, *groups: str, project: bool = True) -> None:
    """Install the project as a user would, with the dependency groups of pyproject.toml."""
    requirements = [line for group in groups for line in nox.project.dependency_groups(PROJECT, group)]
    session.install("-q", *([".[demo]"] if project else []), *requirements)


@nox.session
def lint(session: nox.Session) -> None:
    """Style and layout of the code."""
    _install(session, "lint", project=False)
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")


@nox.session
def types(session: nox.Session) -> None:
    """Types of the library, and of sample calls as a user would write them."""
    _install(session, "types")
    session.run("mypy")


@nox.session
def tests(session: nox.Session) -> None:
    """All tests that need no mail server. Arguments after -- go to pytest in place of the directories."""
    _install(session, "tests")
    session.run("python", "tests/interop/packages.py")  # the openssl command judges signatures here too
    directories = ("tests/unit", "tests/wire", "tests/catalog", "tests/architecture")
    session.run("pytest", *(session.posargs or directories))


@nox.session
def interop(session: nox.Session) -> None:
    """Real servers and foreign S/MIME readers on loopback; as root on Debian it installs their packages first."""
    session.run("python", "tests/interop/packages.py")  # first, for Kerberos is compiled against the system's library
    _install(session, "interop" if shutil.which("krb5-config") else "tests")
    session.run("pytest", *(session.posargs or ["tests/interop"]))


@nox.session
def examples(session: nox.Session) -> None:
    """Every example runs against a server on loopback."""
    _install(session, "tests")
    session.run("pytest", *(session.posargs or ["tests/examples"]))


@nox.session
def docs(session: nox.Session) -> None:
    """The generated reference pages are up to date, and the documentation builds without a warning."""
    _install(session, "docs")
    session.run("python", "docs/generate.py", "--check")
    session.run("sphinx-build", "-q", "-W", "--keep-going", "docs", "docs/_build")


@nox.session(default=False)
def minimums(session: nox.Session) -> None:
    """The tests with the lowest version of each dependency that pyproject.toml allows."""
    _install(session, "tests")
    lowest = [line.replace(">=", "==") for line in PROJECT["project"]["dependencies"]]
    session.install("-q", *lowest)
    session.run("pytest", "tests/unit", "tests/wire", "tests/catalog")


@nox.session(default=False)
def benchmarks(session: nox.Session) -> None:
    """Ratios against smtplib, curl, bare RSA and openssl cms, on a machine that does nothing else meanwhile."""
    _install(session)
    for name in ("send", "queues", "tls", "threads", "memory", "import_time", "sign", "encrypt"):
        session.run("python", f"benchmarks/{name}.py")


@nox.session(default=False)
def fuzz(session: nox.Session) -> None:
    """Coverage-guided fuzzing of all targets for so many seconds in total: ``nox -s fuzz -- 60``."""
    _install(session, "fuzz")
    session.run("python", "tests/fuzz/run.py", *(session.posargs or ["60"]))
