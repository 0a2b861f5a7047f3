"""CMS (RFC 5652) and S/MIME (RFC 8551): signing and encrypting MIME entities. Nothing is imported here."""
