"""Layer 2: TLS over any stream, by pyOpenSSL over memory BIOs. Imported lazily: its modules load OpenSSL."""
