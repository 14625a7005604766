"""Channels to people and to their programs, one module each.

A channel's module states its `NAME`, its `SETTING`, the payload, and `make`; `form` says what each of these is. What
the channels over HTTP share is in `posting`.
"""

from watcher.channels import (
    alertmanager,
    apprise,
    command,
    email,
    jsm,
    mattermost,
    ntfy,
    pagerduty,
    slack,
    syslog,
    teams,
    webhook,
)
from watcher.channels.form import ChannelModule

ALL: tuple[ChannelModule, ...] = (
    slack,
    teams,
    mattermost,
    email,
    pagerduty,
    jsm,
    ntfy,
    webhook,
    alertmanager,
    syslog,
    apprise,
    command,
)
"""Every channel, in the order of the documentation."""

UNPROVEN: dict[str, str] = {channel.NAME: channel.UNPROVEN for channel in ALL if hasattr(channel, "UNPROVEN")}
"""The limits of what acceptance by a channel proves, by the name of the channel."""

FOR_PEOPLE: frozenset[str] = frozenset(channel.NAME for channel in ALL if getattr(channel, "FOR_PEOPLE", False))
"""The channels whose messages only people read: a realistic test starts nothing there."""
