"""The network adapters that ask: sweep engine, careful resolver, RDAP, WHOIS."""
