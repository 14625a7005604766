"""Mail: the ability of names to receive it, from DNS answers, and the mail that was sent, from mail logs."""
