"""Feeds: names that exist, from files that others publish."""
