"""Layer 4: the client that one handle stands for."""

from .client import SSMTPClient

__all__ = ["SSMTPClient"]
