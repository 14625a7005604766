"""Who can receive mail, and who wrote to whom: DNS answers and mail logs become facts."""
