"""Messages that came in, and bare CMS objects: verified and decrypted, or an error that is documented."""

from __future__ import annotations

from fuzz.cms_people import KEY_PAIRS, NOW, ROOT
from fuzz.error_text import check_error
from ssmtp_compat.errors import SSMTPError
from ssmtp_compat.smime.decrypting import decrypt_message
from ssmtp_compat.smime.verifying import Trust, verify_message

TRUST = Trust((ROOT,), NOW)
CONTENT = b"Content-Type: text/plain\r\n\r\nHi.\r\n"


def fuzz(data: bytes) -> None:
    for sender in (None, "a@x.test"):
        try:
            verification = verify_message(data, TRUST, content=None, sender=sender)
        except SSMTPError as error:
            check_error(error)
        else:
            # Nobody signed anything else.
            assert not verification.verified or verification.content == CONTENT
    try:
        decrypted = decrypt_message(data, KEY_PAIRS)
    except SSMTPError as error:
        check_error(error)
    else:
        assert not decrypted.authenticated or decrypted.content == CONTENT
