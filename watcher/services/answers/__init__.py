"""Answers: what is known of a name, scans, reports."""
