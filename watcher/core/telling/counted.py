"""Numbers with their nouns, as people say them."""


def counted(count: int, noun: str, many: str | None = None) -> str:
    """Return `no names`, `1 name` or `1,234 names`; `many` is the plural where an s does not make it."""
    number = "no" if count == 0 else f"{count:,}"
    return f"{number} {noun if count == 1 else many or f'{noun}s'}"
