"""watcher protects names against misdirected mail."""

__version__ = "0.2.0"
