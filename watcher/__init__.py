"""watcher protects names against misdirected mail."""

__version__ = "0.1.0"
