"""One slip between two short texts: said in words, for techniques that allow any single slip."""

LETTERS = "abcdefghijklmnopqrstuvwxyz"
DIGITS = "0123456789"


def common_start(first: str, second: str) -> int:
    """Return the number of characters that both texts begin with."""
    for index, (item, other) in enumerate(zip(first, second, strict=False)):
        if item != other:
            return index
    return min(len(first), len(second))


def left_out(intended: str, typed: str) -> int | None:
    """Return the place of the one character of `intended` that `typed` lacks; None when that is not the difference."""
    if len(typed) != len(intended) - 1:
        return None
    at = common_start(intended, typed)
    return at if intended[at + 1 :] == typed[at:] else None


def put_in(intended: str, typed: str) -> int | None:
    """Return the place of the one character that `typed` has too many; None when that is not the difference."""
    return left_out(typed, intended)


def replaced(intended: str, typed: str) -> int | None:
    """Return the place where one character stands instead of another; None when that is not the difference."""
    if len(typed) != len(intended) or typed == intended:
        return None
    at = common_start(intended, typed)
    return at if intended[at + 1 :] == typed[at + 1 :] else None


def exchanged(intended: str, typed: str) -> int | None:
    """Return the place of the first of two exchanged neighbours; None when that is not the difference."""
    if len(typed) != len(intended) or typed == intended:
        return None
    at = common_start(intended, typed)
    if at + 1 < len(typed) and typed[at] == intended[at + 1] and typed[at + 1] == intended[at]:
        return at if typed[at + 2 :] == intended[at + 2 :] else None
    return None


def described(intended: str, typed: str, where: str) -> str | None:
    """Return the one slip that makes `typed` of `intended`, in words that end in `where`; None when it takes more."""
    if (at := left_out(intended, typed)) is not None:
        return f"`{intended[at]}` left out of {where}"
    if (at := put_in(intended, typed)) is not None:
        return f"`{typed[at]}` put into {where}"
    if (at := exchanged(intended, typed)) is not None:
        return f"`{intended[at : at + 2]}` turned round in {where}"
    if (at := replaced(intended, typed)) is not None:
        return f"`{typed[at]}` for `{intended[at]}` in {where}"
    return None
