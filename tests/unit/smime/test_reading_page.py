"""What docs/reading.md shows runs as it stands there."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from unit.pki.authority import issue, name, rsa_key
from unit.smime import forge

PAGE = Path(__file__).parents[3] / "docs/reading.md"


def test_the_examples_of_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    yesterday = datetime.now(UTC) - timedelta(days=1)
    root = issue(name(("CN", "Root")), rsa_key(10), authority=True, not_before=yesterday)
    alice = issue(name(("CN", "A")), rsa_key(1), issuer=root, emails=["alice@example.test"], not_before=yesterday)
    bob = issue(name(("CN", "B")), rsa_key(2), issuer=root, not_before=yesterday)
    attributes = [forge.content_type(), forge.signing_time(datetime.now(UTC)), forge.message_digest()]
    signed = forge.signed(forge.signer_info(alice, attributes), certificates=[alice.certificate.der], content=None)
    inner = forge.detached(signed, header=b"")
    envelope = forge.enveloped(forge.key_transport(bob), encrypted=forge.cbc(inner))
    encryption = BestAvailableEncryption(b"secret")
    for file, content in {
        "our-root.pem": root.certificate.pem(),
        "message.eml": forge.detached(signed),
        "encrypted.eml": forge.opaque(envelope),
        "bob.pfx": pkcs12.serialize_key_and_certificates(b"bob", bob.key, bob.x509, None, encryption),
    }.items():
        (tmp_path / file).write_bytes(content)
    monkeypatch.chdir(tmp_path)
    names = {"password": "secret"}
    verdicts = []
    for block in re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
        exec(compile(block, str(PAGE), "exec"), names)
        verdicts.append(names["verification"].verified)
    assert verdicts == [True, True]
    assert capsys.readouterr().out.startswith("True ('alice@example.test',) (SignerVerdict(")
