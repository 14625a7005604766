"""Stopping mail to lookalikes, and finding what was written to them."""
