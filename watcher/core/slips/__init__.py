"""Slips: candidates of a protected name, and which protected names a name resembles."""
