"""Blocking: which lookalikes may be blocked, and which names must never be."""
