"""Registration: the facts, how they change, and likeness to the owner."""
