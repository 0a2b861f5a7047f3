"""Layer 2b: the way through a proxy to the mail server. Nothing is imported here."""
