"""The ways a name is mistyped or imitated, one file each, in the explicit order of ALL."""
