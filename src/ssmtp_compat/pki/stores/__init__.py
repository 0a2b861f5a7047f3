"""One module a kind of certificate store; ``opening.open_store`` picks the module. Nothing is imported here."""
