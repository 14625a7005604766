"""State machines: what a look changes, and when the next look is due."""
