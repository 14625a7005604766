"""Names that people keep: protected, own, silenced, triaged; and tokens."""
