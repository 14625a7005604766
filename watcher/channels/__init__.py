"""Channels to people, one module each: it has a `NAME` and a class that satisfies `watcher.core.ports.Channel`."""

from watcher.channels import email, slack

ALL = (slack, email)
"""Every channel, in the order in which they are shown and told."""
