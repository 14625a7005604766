"""Telling: routing, grouping and wording of alerts."""
