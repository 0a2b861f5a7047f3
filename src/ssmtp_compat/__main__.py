"""``python -m ssmtp_compat`` is the ssmtp-compat command."""

import sys

from .cli import main

sys.exit(main())
