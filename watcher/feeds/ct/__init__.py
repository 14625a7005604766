"""Certificate transparency: logs of certificates, read for the names in them."""
