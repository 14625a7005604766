"""The lab: NSD, Unbound, Postfix and a mailbox, in a network namespace whose loopback carries global addresses."""
