"""`make demo`: the whole story on this machine, without a network, in compressed time."""
