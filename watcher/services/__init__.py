"""What watcher does, as use cases over the store and the ports."""
