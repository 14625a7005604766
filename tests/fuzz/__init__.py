"""Fuzz targets: one function for each parser of what comes from outside."""
