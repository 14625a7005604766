"""How work is driven: by the clock in one process (`local`)."""
