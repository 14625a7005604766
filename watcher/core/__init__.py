"""The pure core: names, questions, verdicts, states and alerts, without clock, network, files or SQL."""
