"""Examples of RFC 4134, "Examples of S/MIME Messages", by the names of their files in its appendix B."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.serialization import load_der_private_key

from ssmtp_compat.pki.certificates import Certificate, KeyPair

TEXT = Path(__file__).with_name("data") / "rfc4134.txt"


def _files() -> Iterator[tuple[str, bytes]]:
    """What appendix A says of the format: |> begins a file, |< ends it, |* is a comment."""
    lines: list[str] = []
    for line in TEXT.read_text("ascii").splitlines():
        if line.startswith("|>"):
            lines = []
        elif line.startswith("|<"):
            yield line[2:], base64.b64decode("".join(lines), validate=True)
        elif line.startswith("|") and not line.startswith("|*"):
            lines.append(line[1:])


FILES = dict(_files())
CONTENT = FILES["ExContent.bin"]

ALICE = Certificate(FILES["AliceDSSSignByCarlNoInherit.cer"])
ALICE_KEY = load_der_private_key(FILES["AlicePrivDSSSign.pri"], None)
ALICE_RSA = Certificate(FILES["AliceRSASignByCarl.cer"])
BOB = KeyPair(Certificate(FILES["BobRSASignByCarl.cer"]), load_der_private_key(FILES["BobPrivRSAEncrypt.pri"], None))
CARL = Certificate(FILES["CarlDSSSelf.cer"])
CARL_RSA = Certificate(FILES["CarlRSASelf.cer"])
DIANE = Certificate(FILES["DianeDSSSignByCarlInherit.cer"])


@dataclass(frozen=True)
class Dump:
    """What the dump in the text of an example shows of its EnvelopedData."""

    encrypted_key: bytes
    iv: bytes
    content: bytes


DUMP_5_2 = Dump(
    encrypted_key=bytes.fromhex(
        "8542BEE30B2EE50F09AA24CADEDAC1D309B8272B25CBD571FBC99CDBF0B26EA08A5F1C9D4AED989D153926011A2E6BF0"
        "443989373C6FC74A610B0B2777AAF9D497A4D2213FC23F20D4DC10E9D63F00DB9C8247D67E96FF126E8784A0BAED810F"
        "566DA61DEBABC3B7A1B9F85F8BCC1B4AE514360661D0C7645F696791A950EED8"
    ),
    iv=bytes.fromhex("E87081E2EFC51557"),
    content=bytes.fromhex("06530A7B8D5C160DCCD576D68B59D6458C1A1A0CE61EF3DE4356009B408C385D"),
)
