"""Names: parsing, public suffixes, addresses, cleaning of text from outside."""
