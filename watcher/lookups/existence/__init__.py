"""The existence sweep: the engine and the sources that it asks."""
