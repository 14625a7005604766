"""The ways to people, one file each, in the explicit order of ALL."""
