"""Telling: gathering events into alerts and delivering them."""
