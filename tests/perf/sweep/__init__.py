"""The sweep beside its peers, against the lab's NSD and Unbound: `python -m tests.perf.sweep [NAMES] [ROUNDS]`."""
