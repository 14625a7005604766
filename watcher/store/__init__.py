"""The database behind one door: only this package sees tables."""
