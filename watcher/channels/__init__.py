"""Channels to people and their programs, one module each.

It has a `NAME` and a class that satisfies `watcher.core.ports.Channel`; what those over HTTP share is in `posting`.
"""

from watcher.channels import alertmanager, apprise, command, email, slack, webhook

ALL = (slack, email, webhook, alertmanager, apprise, command)
"""Every channel, in the order in which they are shown and told."""
