"""Every import of the library keeps to the layer picture, and importing it stays cheap."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import ssmtp_compat
from architecture.import_rules import HEIGHT, PACKAGE, violations

# Each costs milliseconds or drags in a network stack, and none is needed before the first call.
HEAVY = {
    "asyncio",
    "concurrent",
    "ctypes",
    "http",
    "multiprocessing",
    "sqlite3",
    "ssl",
    "subprocess",
    "unittest",
    "xml",
}


def test_every_import_keeps_to_the_layer_picture() -> None:
    assert violations(Path(ssmtp_compat.__file__).parent) == []


def test_importing_the_package_loads_only_light_parts_of_the_standard_library() -> None:
    program = "import json, sys; old = {*sys.modules}; import ssmtp_compat; print(json.dumps([*{*sys.modules} - old]))"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True)
    loaded = {name.partition(".")[0] for name in json.loads(run.stdout)}
    assert PACKAGE in loaded
    assert loaded - sys.stdlib_module_names == {PACKAGE}
    assert not loaded & HEAVY


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A package with an empty module in each place of the picture."""
    root = tmp_path / PACKAGE
    for name in HEIGHT:
        (root / name).mkdir(parents=True, exist_ok=True)
        (root / name / "__init__.py").touch()
    (root / "_version.py").touch()
    return root


ALLOWED = [
    ("client/a.py", "from .. import errors, operations\nfrom ..settings.views import freeze"),
    ("operations/a.py", "import ssmtp_compat.settings.views\nfrom ssmtp_compat.smtp import session"),
    ("operations/a.py", "def late():\n    from ..tls import context"),
    ("smtp/auth/plain.py", "from . import registry\nfrom ..session import Session\nfrom ...errors import SSMTPError"),
    ("client/a.py", "from .._version import __version__"),
    ("__init__.py", "from .procedural import ssmtp_open\nfrom ._version import __version__"),
    ("cli/a.py", "from ssmtp_compat import ssmtp_open\nimport rich.table"),
    ("net/a.py", "import socket, time"),
    ("smime/a.py", "from asn1crypto import cms\nfrom cryptography.hazmat.primitives import hashes"),
    ("smtp/auth/ntlm.py", "def late():\n    import spnego"),
    ("porting/a.py", "import importlib\nimportlib.import_module('tree_sitter_php')"),
]

FORBIDDEN = [
    ("catalog/a.py", "from ..errors import SSMTPError", "catalog imports errors: upward"),
    ("smtp/a.py", "from ..smime import der", "smtp imports smime: upward"),
    ("smtp/a.py", "from .. import message", "smtp imports message: sideways"),
    ("smtp/auth/a.py", "from ...net import stream", "smtp imports net: sideways"),
    ("tls/a.py", "import ssmtp_compat.tunnel.socks", "tls imports tunnel: sideways"),
    ("tls/a.py", "from ssmtp_compat import tunnel", "tls imports tunnel: sideways"),
    ("settings/a.py", "from ..operations import delivery", "settings imports operations: upward"),
    ("php/a.py", "from ..procedural import ssmtp_open", "php imports procedural: sideways"),
    ("client/a.py", "from .. import ssmtp_open", "client imports __init__: upward"),
    ("client/a.py", "import ssmtp_compat", "client imports __init__: upward"),
    ("__init__.py", "from .cli import main", "__init__ imports cli: upward"),
    ("net/a.py", "def late():\n    import ssmtp_compat.client", "net imports client: upward"),
    (
        "pki/a.py",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from ..smime.der import Writer",
        "pki imports smime: upward",
    ),
    ("client/a.py", "from importlib import import_module\nimport_module('ssmtp_compat.handles')", "handles: upward"),
    ("net/a.py", "from ..nowhere import x", "net imports nowhere, which stands on no line"),
    ("elsewhere.py", "", "elsewhere stands on no line"),
    ("smtp/a.py", "import socket", "smtp imports socket, but has to stay free"),
    ("message/a.py", "from time import time", "message imports time, but has to stay free"),
    ("smime/a.py", "import ssl", "smime imports ssl, but has to stay free"),
    ("pki/a.py", "def late():\n    import http.client", "pki imports http, but has to stay free"),
    ("net/a.py", "import OpenSSL.SSL", "net imports OpenSSL, which belongs in tls"),
    ("tls/a.py", "from asn1crypto import x509", "tls imports asn1crypto, which belongs in cli, pki, smime"),
    ("smtp/a.py", "import spnego", "smtp imports spnego, which belongs in smtp.auth"),
    ("operations/a.py", "import rich", "operations imports rich, which belongs in cli"),
    ("net/a.py", "import requests", "net imports requests, which is no dependency"),
]


@pytest.mark.parametrize(("place", "source"), ALLOWED)
def test_the_check_lets_pass(tree: Path, place: str, source: str) -> None:
    _write(tree / place, source)
    assert violations(tree) == []


@pytest.mark.parametrize(("place", "source", "complaint"), FORBIDDEN)
def test_the_check_finds(tree: Path, place: str, source: str, complaint: str) -> None:
    _write(tree / place, source)
    (found,) = violations(tree)
    assert complaint in found
    assert found.startswith(f"{place}:{source.count(chr(10)) + 1}: ")


def test_an_import_that_cannot_be_read_is_refused(tree: Path) -> None:
    _write(tree / "net/a.py", "import importlib\nimportlib.import_module(name)")
    with pytest.raises(ValueError, match=r"a\.py:2"):
        violations(tree)


def _write(path: Path, source: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source)
