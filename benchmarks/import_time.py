"""Import of the library against import of smtplib, each in a fresh interpreter."""

from __future__ import annotations

import subprocess
import sys

from side_by_side import compare


def importing(module: str) -> None:
    subprocess.run([sys.executable, "-c", f"import {module}"], check=True)


if __name__ == "__main__":
    compare(
        "import, whole process, against smtplib",
        lambda: importing("ssmtp_compat"),
        lambda: importing("smtplib"),
        goal=2.0,
        rounds=15,
    )
