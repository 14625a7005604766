"""Engines, which drive the work: by the clock in one process (`local`), or across several (`procrastinate`)."""
