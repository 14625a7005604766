"""The DNS: wire format, UDP, careful resolver, honesty, pace."""
