"""Looks: asking about one name and recording what was seen."""
