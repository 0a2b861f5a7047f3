"""Layer 7: the ssmtp-compat command. It uses the procedural interface as any script would."""

from .command_line import main

__all__ = ["main"]
