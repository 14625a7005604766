"""The use cases of watcher, over the store and the ports."""
