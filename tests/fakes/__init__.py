"""Fakes of the network and the clock, shared by tests; never of the database."""
