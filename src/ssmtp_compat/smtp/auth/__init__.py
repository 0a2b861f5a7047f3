"""SASL mechanisms for AUTH (RFC 4954): one module each, and the choice among them."""
