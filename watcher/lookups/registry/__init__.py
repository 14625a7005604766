"""Registries: RDAP and WHOIS."""
