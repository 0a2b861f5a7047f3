"""Certificates, private keys and the stores that hold them. Nothing is imported here: the modules below are heavy."""
