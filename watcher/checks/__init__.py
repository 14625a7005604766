"""The facts a verdict is made of, one file each, in the explicit order of ALL."""
