"""Layer 2: the SMTP protocol without any I/O. Bytes come in, answers and bytes to send go out."""
