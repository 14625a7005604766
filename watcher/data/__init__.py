"""Bundled tables, each with source, date and licence in NOTICE and a refresh tool in tools/."""
