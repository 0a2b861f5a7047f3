"""Layer 2b: messages that wait in a directory. Nothing is imported here."""
