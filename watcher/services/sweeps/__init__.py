"""Sweeps: enumeration, passes over candidates, budgets."""
